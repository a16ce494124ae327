// Firms: names, employer numbers, labor-contractor registrations, labor certifications.
import tables from "../../identifiers/data/firm-words-v1.json";
import { IdentifierError } from "./errors.mjs";
import { fold } from "./names.mjs";
import { whole } from "./patterns.mjs";
import { normalizeState, withoutState } from "./places.mjs";
import { PLACEHOLDERS, compact, trim } from "./texts.mjs";

const LEGAL = new Set(tables.legal);
const NO_FEIN_PREFIX = new Set(tables.no_fein_prefix);
const NOT_FIRMS = new Set(PLACEHOLDERS.firms);
const TRADES = new Set(PLACEHOLDERS.trades);
const OTHER_NAMES = /\b(?:D ?B ?A|A ?K ?A|F ?K ?A)\b/;
const FEIN = whole("([0-9]{2})[- ]?([0-9]{7})");
const NO_SERIAL = "0000000";
const FEDERAL = "US";
const MSPA = whole("([CE][0-9]{7,10})[A-Z][0-9]{2}[A-Z]");
const REGISTRATION = whole("(?=.*[0-9])[A-Z0-9]{3,20}");
const CERTIFICATION = whole(
  "(JOA300|JOB400|[HC][34]00|I20[0-3]|P[1-4]00|G100)" +
    "([0-9]{2}(?:[0-2][0-9]{2}|3[0-6][0-9]))((?!0{6})[0-9]{6})",
);

/** Return the names of a firm, each with its state: letters and digits without legal words. */
export function normalizeOrganization(raw, state) {
  const code = normalizeState(state);
  const text = fold(raw.replaceAll(".", "").replaceAll("&", " and "));
  const spaced = text.split(/[^A-Z0-9]+/).join(" ");
  const found = spaced.split(OTHER_NAMES).map(firm);
  compact(raw); // refuses other scripts and placeholders
  const named = found.filter(Boolean);
  if (!named.length) throw new IdentifierError("org-name-missing");
  const names = new Set(named.filter((name) => !TRADES.has(name) && name.length > 1));
  if (!names.size) throw new IdentifierError("value-placeholder");
  return [...names].map((name) => [name, code]);
}

/** Return a federal employer identification number as nine digits. */
export function normalizeFein(raw) {
  const match = FEIN.exec(trim(raw));
  if (!match) throw new IdentifierError("fein-unreadable");
  const digits = compact(match[1] + match[2]);
  if (match[2] === NO_SERIAL) throw new IdentifierError("value-placeholder");
  if (NO_FEIN_PREFIX.has(match[1])) throw new IdentifierError("fein-prefix");
  return digits;
}

/** Return the issuer of a labor contractor's registration and its number. */
export function normalizeRegistration(raw, state = "") {
  let number = compact(raw);
  let issuer = FEDERAL;
  if (isFederal(state)) {
    number = MSPA.exec(number)?.[1] ?? number;
  } else {
    issuer = normalizeState(state);
    number = number.replace(/^(?:FLC)?0*/, "");
  }
  if (!REGISTRATION.test(number)) throw new IdentifierError("flc-unreadable");
  return [issuer, compact(number)];
}

/** Return the issuer of a labor certification or job order and its number. */
export function normalizeCertification(raw, state = "") {
  let number = compact(raw);
  const match = CERTIFICATION.exec(number);
  if (match) {
    const program = match[1].replace(/([0-9]{3})$/, "-$1").replace(/^JO([AB])/, "JO-$1");
    return [FEDERAL, `${program}-${match[2]}-${match[3]}`];
  }
  if (isFederal(state) || !REGISTRATION.test(number)) throw new IdentifierError("job-unreadable");
  const code = normalizeState(state);
  number = compact(withoutState(number, code));
  if (!REGISTRATION.test(number)) throw new IdentifierError("job-unreadable");
  return [code, number];
}

function firm(text) {
  const words = text.split(" ").filter(Boolean);
  const kept = words.filter((word) => !LEGAL.has(word));
  const name = (kept.length ? kept : words).join("");
  if (NOT_FIRMS.has(name)) throw new IdentifierError("value-placeholder");
  return compact(name);
}

const isFederal = (state) => ["", FEDERAL].includes(trim(state).toUpperCase());
