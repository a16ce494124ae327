// A small strict reader of CSV (RFC 4180): what is not well-formed is refused, never guessed at.

export class CsvError extends Error {}

/**
 * Return the rows of a CSV text as objects by lower-case header; blank lines are left out.
 *
 * The delimiter is the first of comma, semicolon and tab that the header line has.
 *
 * @param {string} source
 * @returns {{header: string[], rows: {line: number, cells: Record<string, string>}[]}}
 * @throws {CsvError} says the line and what is wrong with it
 */
export function readCsv(source) {
  const text = source.replace(/^\uFEFF/, "");
  const [first] = text.split(/\r?\n/, 1);
  const delimiter = [",", ";", "\t"].find((each) => first.includes(each)) ?? ",";
  const records = [];
  let cells = [];
  let cell = "";
  let line = 1;
  let began = 1;
  let place = 0;
  const endRecord = () => {
    cells.push(cell.trim());
    if (cells.some(Boolean)) records.push({ line: began, cells });
    cells = [];
    cell = "";
    line += 1;
    began = line;
  };
  while (place < text.length) {
    const character = text[place];
    if (character === '"') {
      if (cell.trim()) throw new CsvError(`Line ${line}: a quotation mark inside a cell.`);
      cell = "";
      for (place += 1; ; place += 1) {
        if (place >= text.length) throw new CsvError(`Line ${began}: a quotation mark is not closed.`);
        if (text[place] === "\n") line += 1;
        if (text[place] !== '"') cell += text[place];
        else if (text[place + 1] === '"') {
          cell += '"';
          place += 1;
        } else break;
      }
      const rest = text.slice(place + 1).match(/^[ ]*(?=[^ ]|$)/)[0].length;
      place += 1 + rest;
      if (place < text.length && ![delimiter, "\r", "\n"].includes(text[place])) {
        throw new CsvError(`Line ${line}: text after a closing quotation mark.`);
      }
    } else if (character === delimiter) {
      cells.push(cell.trim());
      cell = "";
      place += 1;
    } else if (character === "\n" || character === "\r") {
      place += text.startsWith("\r\n", place) ? 2 : 1;
      endRecord();
    } else {
      cell += character;
      place += 1;
    }
  }
  if (cell || cells.length) endRecord();
  if (!records.length) throw new CsvError("The file is empty.");
  const [{ cells: names }, ...others] = records;
  const header = names.map((name) => name.toLowerCase().replaceAll(" ", "_"));
  if (new Set(header).size !== header.length) throw new CsvError("Two columns have the same name.");
  const rows = others.map((record) => {
    if (record.cells.length !== header.length) {
      throw new CsvError(`Line ${record.line}: ${record.cells.length} cells where the header has ${header.length}.`);
    }
    return { line: record.line, cells: Object.fromEntries(header.map((name, index) => [name, record.cells[index]])) };
  });
  return { header, rows };
}

/** Return rows as CSV. A cell that a spreadsheet would compute begins with an apostrophe instead. */
export function writeCsv(rows) {
  const safe = (value) => (/^[=+\-@\t\r]/.test(value) ? `'${value}` : value);
  const quoted = (value) => `"${safe(String(value)).replaceAll('"', '""')}"`;
  return `${rows.map((row) => row.map(quoted).join(",")).join("\r\n")}\r\n`;
}
