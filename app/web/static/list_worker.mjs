// The work of a check of a whole list: reads the file, makes tokens, asks, and says what came of each
// row. What the file holds stays in this worker; the registry gets tokens and the numbers of rows.
import { CsvError, readCsv } from "./csv.mjs";
import { Trouble, makeTokens, readSubject, send } from "./tokens.mjs";

const AT_ONCE = 50;
const OWN = ["kind", "given", "middle", "surname", "born", "name", "state"];

/** Return what a row says of one subject, or why it cannot be used. */
function subjectOf({ line, cells }, kinds) {
  const kind = cells.kind || (cells.name ? "organization" : "person");
  const identifiers = kinds
    .filter(({ name, subjects }) => cells[name] && subjects.includes(kind))
    .map(({ name, of_name }) => ({
      kind: name,
      value: cells[name],
      of: cells[`${name}_${name === "addr" ? "postcode" : of_name}`] ?? "",
      provenance: "own_investigation",
    }));
  const own = Object.fromEntries(OWN.map((name) => [name, cells[name] ?? ""]));
  return { ...own, ref: String(line), kind, provenance: "own_investigation", identifiers };
}

/** Return the columns that nothing here knows, so that a misspelt one is not passed over. */
function unknown(header, kinds) {
  const known = new Set(OWN);
  for (const { name, of_name } of kinds) known.add(name).add(`${name}_${name === "addr" ? "postcode" : of_name}`);
  return header.filter((name) => !known.has(name));
}

async function check({ source, kinds, most, module, csrf, reason, path, cases }) {
  const { header, rows } = readCsv(source);
  const odd = unknown(header, kinds);
  if (odd.length) throw new Trouble(`These columns are not known: ${odd.length}. The first is column ${header.indexOf(odd[0]) + 1}.`);
  if (!rows.length) throw new Trouble("The file has a header and no row.");
  if (rows.length > most) throw new Trouble(`The file has ${rows.length} rows; at most ${most} are checked at once.`);
  const joinder = await import(module);
  const results = new Map(rows.map(({ line }) => [String(line), { line, state: "none", hits: [], common: [] }]));
  const good = [];
  for (const row of rows) {
    const result = results.get(String(row.line));
    try {
      const parts = readSubject(joinder, subjectOf(row, kinds));
      if (joinder.matchKeysOf(parts).length) good.push(parts);
      else Object.assign(result, { state: "unread", why: "Nothing in it can be looked up." });
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      Object.assign(result, { state: "unread", why: error.message });
    }
  }
  let left = null;
  for (let start = 0; start < good.length; start += AT_ONCE) {
    const made = await makeTokens(joinder, good.slice(start, start + AT_ONCE).flat(), { csrf, reason: "quick_check", cases });
    const body = { match_spec: joinder.MATCH_SPEC, reason, ...made };
    const answer = await send(path, body, { "X-CSRF-Token": csrf });
    for (const hit of answer.hits) {
      const result = results.get(hit.ref);
      result.state = "hit";
      result.hits.push(hit);
    }
    for (const { ref, kinds: common } of answer.common) results.get(ref).common.push(...common);
    left = answer.left;
    postMessage({ done: Math.min(start + AT_ONCE, good.length), of: good.length });
  }
  postMessage({ results: [...results.values()], left });
}

addEventListener("message", async ({ data }) => {
  try {
    await check(data);
  } catch (error) {
    const isOurs = error instanceof Trouble || error instanceof CsvError;
    postMessage({ trouble: isOurs ? error.message : "The check could not be made. Try again." });
  }
});
