// Match keys and tokens in the browser, for the pages that ask for what identifies people. Nothing
// of this knows the page: it runs in a worker as well.

/** What a person can do about something that went wrong; `field` is where, if it is known. */
export class Trouble extends Error {
  constructor(message, field) {
    super(message);
    this.field = field;
  }
}

const ADVICE = {
  "name-missing": "Give at least one letter of a given name or a last name.",
  "name-placeholder": "This stands for nobody, such as John Doe or Unknown. Leave it out; a given name with a date of birth will do.",
  "value-placeholder": "This looks like a placeholder, such as Unknown. Leave it out.",
  "under-age": "Somebody under 18 is never matched and is not posted here.",
  "ssn4-alone": "Give the last name and the date of birth too.",
};
const ADULT = 18;

function ageOf(born) {
  const [year, month, day] = born.split("-").map(Number);
  const now = new Date();
  const isBefore = now.getMonth() + 1 < month || (now.getMonth() + 1 === month && now.getDate() < day);
  return now.getFullYear() - year - Number(isBefore);
}

function attempt(field, make) {
  try {
    return make();
  } catch (error) {
    if (error.code === undefined) throw error;
    throw new Trouble(ADVICE[error.code] ?? `This cannot be used (${error.code.replaceAll("-", " ")}). Check it, or leave it out.`, field);
  }
}

/** Return the match keys of one identifier; a whole SSN makes those of its last four, too. */
function keysOf(joinder, { kind, value, of }, named) {
  if (kind === "tel") return [joinder.phoneKey(value)];
  if (kind === "addr") return joinder.addressKeys(value, of);
  if (kind === "ssn4") return joinder.lastFourKeys(value, [named]);
  const keys = joinder.identifierKeys(kind, value, of);
  if (keys[0].kind !== "ssn") return keys;
  try {
    return [...keys, ...joinder.lastFourKeys(keys[0].fields[0].slice(-4), [named])];
  } catch (error) {
    if (error.code === undefined) throw error;
    return keys; // no name with a year: then the whole number stands alone
  }
}

/**
 * Return the match keys of one subject, in parts, one for each provenance.
 *
 * @param {object} joinder the module of match keys
 * @param {{ref: string, kind: string, given: string, middle: string, surname: string, born: string,
 *   name: string, state: string, provenance: string, identifiers: {kind: string, value: string,
 *   of: string, provenance: string, field?: object}[], fields?: object}} subject as it was typed;
 *   its own provenance is that of its name; `fields` are what errors point to
 * @throws {Trouble}
 */
export function readSubject(joinder, subject) {
  const { ref, kind, given, middle, surname, born, provenance: ofName, fields = {} } = subject;
  const known = { given, middle, surname, born };
  const places = [];
  const byProvenance = new Map();
  for (const identifier of subject.identifiers) {
    const { kind: name, value, of, provenance, field } = identifier;
    if (name === "addr") places.push(joinder.placeOf(value, of));
    const keys = attempt(field, () => keysOf(joinder, identifier, known));
    byProvenance.set(provenance, [...(byProvenance.get(provenance) ?? []), ...keys]);
  }
  if (kind === "organization" && subject.name) {
    const keys = attempt(fields.name, () =>
      joinder.identifierKeys("org", subject.name, subject.state.toUpperCase()),
    );
    byProvenance.set(ofName, [...(byProvenance.get(ofName) ?? []), ...keys]);
  }
  attempt(fields.born, () => {
    if (born && ageOf(born) < ADULT) throw { code: "under-age" };
  });
  const hasName = kind === "person" && (given || surname);
  const names = hasName
    ? attempt(fields.surname, () => joinder.personAliases([known], places))
    : [];
  return [
    { ref, kind, provenance: ofName, names, identifiers: [] },
    ...[...byProvenance].map(([provenance, identifiers]) => ({
      ref, kind, provenance, names: [], identifiers,
    })),
  ];
}

/**
 * Return the match key that stands for one value on a suppression list.
 *
 * An address without a unit is the whole building.
 */
export function listedKey(parts, kind) {
  const keys = parts.flatMap(({ identifiers }) => identifiers);
  const building = keys.find((each) => each.kind === "addr0");
  const found = keys.find((each) => each.kind === kind);
  return building && `${building.fields}` === `${found.fields}` ? building : found;
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

export async function send(url, body, headers) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const read = await answer.json();
  if (!answer.ok) throw new Trouble(read.detail ?? "The service did not answer as it should.");
  return read;
}

/**
 * Have the tokens of subjects made, and return epoch and subjects as they are sent: nothing raw.
 *
 * @param {object} joinder the module of match keys
 * @param {object[]} parts what `readSubject` returned for each
 * @param {{csrf: string, reason: string, cases: object[]}} permit what the elements are for
 * @throws {Trouble}
 */
export async function makeTokens(joinder, parts, { csrf, reason, cases }) {
  const keys = joinder.matchKeysOf(parts);
  const published = await (await fetch("/v1/oprf/keys")).json();
  const [evaluator] = published.evaluators;
  const tables = joinder.TABLES;
  if (Object.keys(tables).some((name) => tables[name] !== published[name])) {
    throw new Trouble("This page is older than the service. Load it again.");
  }
  const evaluate = async (body) => {
    const counts = Object.fromEntries(body.groups.map((each) => [each.key_class, each.elements.length]));
    const ask = { epoch: body.epoch, reason, cases, counts, digest: await digestOf(body) };
    const { permit } = await send("/v1/tokens/permits", ask, { "X-CSRF-Token": csrf });
    return send(`${evaluator.url}/v1/tokens/evaluate`, body, { Authorization: `Bearer ${permit}` });
  };
  const pins = { epoch: published.epoch, publicKeys: evaluator.classes };
  const made = await joinder.tokenize(keys, evaluate, pins);
  const wire = joined(joinder.wireSubjects(parts, made));
  made.wipe();
  return { epoch: published.epoch, subjects: wire };
}
