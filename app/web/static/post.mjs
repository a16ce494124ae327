// The page that posts a case. What identifies people is read from fields without a name, so that
// no form ever sends them; it becomes match keys and tokens here, and only tokens go into the form.

const form = document.getElementById("case");
const list = document.getElementById("subjects");
const trouble = document.getElementById("trouble");
const hidden = form.elements.namedItem("subjects");
const kinds = JSON.parse(form.dataset.kinds);
const ADVICE = {
  "name-empty": "Give a last name together with a given name or a date of birth.",
  "placeholder": "This looks like a placeholder, such as Unknown. Leave it out.",
  "under-age": "Somebody under 18 is never matched and is not posted here.",
  "ssn4-alone": "Give the name too.",
};

const ADULT = 18;

function ageOf(born) {
  const [year, month, day] = born.split("-").map(Number);
  const now = new Date();
  const isBefore = now.getMonth() + 1 < month || (now.getMonth() + 1 === month && now.getDate() < day);
  return now.getFullYear() - year - Number(isBefore);
}

const clone = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);
const part = (within, name) => within.querySelector(`[data-part="${name}"]`);
const text = (within, name) => part(within, name)?.value.trim() ?? "";

function addSubject(kind) {
  const subject = clone(`${kind}-form`);
  list.append(subject);
  subject.querySelector("[data-add]").addEventListener("click", () => addIdentifier(subject).focus());
  subject.querySelector("[data-remove]").addEventListener("click", () => {
    subject.remove();
    number();
    list.focus();
  });
  number();
  return subject;
}

function addIdentifier(subject) {
  const row = clone("identifier-form");
  const select = part(row, "kind");
  for (const { name, label, subjects } of kinds) {
    if (subjects.includes(subject.dataset.kind)) {
      select.add(new Option(label[0].toUpperCase() + label.slice(1), name));
    }
  }
  const prompt = () => {
    const of = select.value === "addr" ? "ZIP code" : kinds.find(({ name }) => name === select.value).of;
    const label = row.querySelector("[data-of]");
    label.hidden = !of;
    label.querySelector("span").textContent = of;
  };
  select.addEventListener("change", prompt);
  prompt();
  row.querySelector("[data-drop]").addEventListener("click", () => {
    row.remove();
    subject.querySelector("[data-add]").focus();
  });
  subject.querySelector("[data-identifiers]").append(row);
  return select;
}

function number() {
  [...list.children].forEach((subject, index) => {
    subject.querySelector("[data-ref]").textContent = index + 1;
  });
}

class Trouble extends Error {
  constructor(message, field) {
    super(message);
    this.field = field;
  }
}

function read(joinder, subject, ref) {
  const kind = subject.dataset.kind;
  const known = { given: text(subject, "given"), middle: text(subject, "middle"),
    surname: text(subject, "surname"), born: text(subject, "born") };
  const postcodes = [];
  const byProvenance = new Map();
  for (const row of subject.querySelectorAll(".j-identifier")) {
    const value = text(row, "value");
    if (!value) continue;
    const name = text(row, "kind");
    const of = text(row, "of");
    const keys = attempt(part(row, "value"), () => {
      if (name === "tel") return [joinder.phoneKey(value)];
      if (name === "addr") {
        postcodes.push(joinder.normalizePostcode(of));
        return joinder.addressKeys(value, of);
      }
      return joinder.identifierKeys(name, value, of);
    });
    const provenance = text(row, "provenance");
    byProvenance.set(provenance, [...(byProvenance.get(provenance) ?? []), ...keys]);
  }
  if (kind === "organization" && text(subject, "name")) {
    const keys = attempt(part(subject, "name"), () =>
      joinder.identifierKeys("org", text(subject, "name"), text(subject, "state").toUpperCase()),
    );
    byProvenance.set("own_investigation", [...(byProvenance.get("own_investigation") ?? []), ...keys]);
  }
  attempt(part(subject, "born"), () => {
    if (known.born && ageOf(known.born) < ADULT) throw { code: "under-age" };
  });
  const hasName = kind === "person" && (known.given || known.surname);
  const names = hasName
    ? attempt(part(subject, "surname"), () => joinder.personAliases([known], postcodes))
    : [];
  return [
    { ref: String(ref), kind, provenance: "own_investigation", names, identifiers: [] },
    ...[...byProvenance].map(([provenance, identifiers]) => ({
      ref: String(ref), kind, provenance, names: [], identifiers,
    })),
  ];
}

function attempt(field, make) {
  try {
    return make();
  } catch (error) {
    if (error.code === undefined) throw error;
    throw new Trouble(ADVICE[error.code] ?? `This cannot be used (${error.code.replaceAll("-", " ")}). Check it, or leave it out.`, field);
  }
}

/** Subjects are read in parts, one for each provenance; those with one ref become one again. */
function joined(wire) {
  const whole = new Map();
  for (const each of wire) {
    const known = whole.get(each.ref) ?? { ...each, names: [], identifiers: [] };
    known.names.push(...each.names);
    known.identifiers.push(...each.identifiers);
    whole.set(each.ref, known);
  }
  return [...whole.values()].filter(({ names, identifiers }) => names.length + identifiers.length);
}

const lengthPrefixed = (bytes) => [bytes.length >> 8, bytes.length & 255, ...bytes];
const twoBytes = (count) => [count >> 8, count & 255];
const fromB64u = (value) =>
  Uint8Array.from(atob(value.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const toB64u = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** The digest that a permit is for; app/identifiers/batches.py says what goes into it. */
async function digestOf({ epoch, groups }) {
  const utf8 = new TextEncoder();
  const parts = [...lengthPrefixed(utf8.encode("joinder/v1/batch")), ...twoBytes(epoch)];
  for (const { key_class, elements } of groups) {
    parts.push(...lengthPrefixed(utf8.encode(key_class)), ...twoBytes(elements.length));
    for (const element of elements) parts.push(...fromB64u(element));
  }
  return toB64u(new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(parts))));
}

async function send(url, body, headers) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const read = await answer.json();
  if (!answer.ok) throw new Trouble(read.detail ?? "The service did not answer as it should.");
  return read;
}

async function tokens() {
  const joinder = await import(form.dataset.module);
  const subjects = [...list.children].flatMap((subject, index) => read(joinder, subject, index + 1));
  const keys = joinder.matchKeysOf(subjects);
  if (!keys.length) throw new Trouble("Enter at least one name or identifier.", list);
  const published = await (await fetch("/v1/oprf/keys")).json();
  const [evaluator] = published.evaluators;
  const tables = joinder.TABLES;
  if (Object.keys(tables).some((name) => tables[name] !== published[name])) {
    throw new Trouble("This page is older than the service. Load it again.");
  }
  const cases = [{
    source_system: form.elements.namedItem("source_system").value.trim(),
    external_id: form.elements.namedItem("external_id").value.trim(),
  }];
  const evaluate = async (body) => {
    const counts = Object.fromEntries(body.groups.map((each) => [each.key_class, each.elements.length]));
    const ask = { epoch: body.epoch, reason: "posting", cases, counts, digest: await digestOf(body) };
    const { permit } = await send("/v1/tokens/permits", ask, { "X-CSRF-Token": form.dataset.csrf });
    return send(`${evaluator.url}/v1/tokens/evaluate`, body, { Authorization: `Bearer ${permit}` });
  };
  const pins = { epoch: published.epoch, publicKeys: evaluator.classes };
  const made = await joinder.tokenize(keys, evaluate, pins);
  const wire = joined(joinder.wireSubjects(subjects, made));
  made.wipe();
  return { epoch: published.epoch, subjects: wire };
}

document.getElementById("no-script").remove(); // it said so while nothing here had run

const tell = (message) => {
  trouble.textContent = message;
};

form.addEventListener("submit", async (event) => {
  if (event.submitter?.id === "preview" || hidden.value) return;
  event.preventDefault();
  const button = document.getElementById("post");
  button.disabled = true;
  document.getElementById("said").textContent = "Making tokens.";
  tell("");
  try {
    hidden.value = JSON.stringify(await tokens());
    list.replaceChildren(); // what was typed goes before anything is sent
    form.submit();
  } catch (error) {
    tell(error instanceof Trouble ? error.message : "The tokens could not be made. Nothing was sent. Try again.");
    (error.field ?? trouble).focus();
    button.disabled = false;
  }
});

const adders = { "add-person": "person", "add-organization": "organization" };
for (const [id, kind] of Object.entries(adders)) {
  const button = document.getElementById(id);
  button.addEventListener("click", () => addSubject(kind).querySelector("input").focus());
  button.hidden = Boolean(hidden.value);
}
const kept = document.getElementById("kept");
const begin = () => {
  hidden.value = "";
  kept.hidden = true;
  for (const id of Object.keys(adders)) document.getElementById(id).hidden = false;
  addIdentifier(addSubject("person"));
};
document.getElementById("forget").addEventListener("click", begin);
if (hidden.value) kept.hidden = false;
else begin();
