// The page that checks a whole list: hands the file to a worker, and shows and saves what it says.
import { writeCsv } from "./csv.mjs";

const form = document.getElementById("list");
const trouble = document.getElementById("trouble");
const results = document.getElementById("list-results");
const body = results.querySelector("tbody");
const count = document.getElementById("list-count");
const button = document.getElementById("look-up");
const words = JSON.parse(form.dataset.words);
const underWay = document.getElementById("under-way");
const [bar, told] = underWay.children;
const say = (text) => {
  document.getElementById("said").textContent = text;
};

/** Show how far it is, to the eye and to the ear; how many rows are done is not known at first. */
function tell(text, done, of) {
  told.textContent = text;
  say(text);
  if (of === undefined) bar.removeAttribute("value");
  else {
    bar.max = of;
    bar.value = done;
  }
}

document.getElementById("no-script").remove(); // it said so while nothing here had run
button.disabled = false;

/** Return the text of a file: UTF-8, or what old exports of Windows are written in. */
function decode(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

const shared = ({ findings }) => [...new Set(findings.flatMap(({ kinds }) => kinds))].map((kind) => words.kinds[kind] ?? kind).join(", ");
const who = (hit) => hit.office?.name ?? `${words.offices[hit.office_kind]} in ${words.states[hit.state] ?? hit.state}`;
const call = (hit) => (hit.contact ? `${hit.contact.title}, ${hit.contact.phone}` : words.ask);

/** Return a row of the table for each hit, or one that says why there is none. */
function rowsOf(result) {
  const { line, state, hits, common } = result;
  if (state === "hit") return hits.map((hit) => [line, words.bands[hit.band], shared(hit), who(hit), call(hit)]);
  if (state === "unread") return [[line, words.unread, result.why, "", ""]];
  const why = common.length ? `${words.common}: ${common.map((kind) => words.kinds[kind] ?? kind).join(", ")}` : "";
  return [[line, words.none, why, "", ""]];
}

function show({ results: found, left }) {
  const rows = found.flatMap(rowsOf);
  body.replaceChildren(...rows.map((cells) => {
    const row = document.createElement("tr");
    cells.forEach((text, place) => {
      const cell = document.createElement(place ? "td" : "th");
      if (!place) cell.scope = "row";
      cell.dataset.label = words.columns[place];
      cell.textContent = place ? text : `Line ${text}`;
      row.append(cell);
    });
    return row;
  }));
  const hits = found.filter(({ state }) => state === "hit").length;
  count.textContent = `${hits} of ${found.length} rows may be known to another office.`;
  if (left !== null) document.getElementById("left").textContent = left;
  results.hidden = false;
  results.focus();
  say(count.textContent);
  const file = new Blob([writeCsv([words.columns, ...rows])], { type: "text/csv" });
  const link = document.getElementById("save");
  if (link.href) URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(file);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [file] = form.querySelector("input[type=file]").files;
  trouble.textContent = "";
  results.hidden = true;
  if (!file) return;
  button.disabled = true;
  tell("Reading the list.");
  underWay.hidden = false;
  const worker = new Worker(form.dataset.worker, { type: "module" });
  const end = (text) => {
    worker.terminate();
    underWay.hidden = true;
    button.disabled = false;
    if (text) {
      trouble.textContent = text;
      trouble.focus();
    }
  };
  worker.addEventListener("error", () => end("The check could not be made. Try again."));
  worker.addEventListener("message", ({ data }) => {
    if (data.trouble) end(data.trouble);
    else if (data.results) {
      show(data);
      end();
    } else tell(`${data.done} of ${data.of} rows checked.`, data.done, data.of);
  });
  worker.postMessage({
    source: decode(await file.arrayBuffer()),
    kinds: JSON.parse(form.dataset.kinds),
    most: Number(form.dataset.most),
    module: form.dataset.module,
    csrf: form.dataset.csrf,
    reason: form.elements.namedItem("reason").value,
    path: form.dataset.path,
    cases: [{ source_system: form.dataset.system, external_id: form.dataset.number }],
  });
  form.querySelector("input[type=file]").value = "";
});
