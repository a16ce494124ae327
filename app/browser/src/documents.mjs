// Numbers that one person has: Social Security, taxpayer, license, passport, FBI and state.
import { IdentifierError } from "./errors.mjs";
import { normalizeCountry, normalizeState, withoutState } from "./places.mjs";
import { whole } from "./patterns.mjs";
import { PLACEHOLDERS, compact, trim } from "./texts.mjs";

const SSN = whole("([0-9]{3})[- .]?([0-9]{2})[- .]?([0-9]{4})");
const LAST_FOUR = whole("(?:[X*#]{3}[- .]?[X*#]{2}[- .]?)?([0-9]{4})");
const FILLED_SSNS = new Set(PLACEHOLDERS.ssn);
const ADVERTISED = whole("98765432[0-9]");
const NO_ITIN_GROUPS = new Set([66, 67, 68, 69, 89, 93]);
const LICENSE = whole("(?=.*[0-9])[A-Z0-9]{4,20}");
const PASSPORT = whole("(?=.*[0-9])[A-Z0-9]{5,15}");
const FBI = whole("(?:FBI|UCN)?(?:NO)?((?=.*[0-9])[A-Z0-9]{3,9})");
const SID = whole("(?=.*[0-9])[A-Z0-9]{3,12}");

/** Return a Social Security number as nine digits; an ITIN written in its place, too. */
export function normalizeSsn(raw) {
  const match = SSN.exec(trim(raw));
  if (!match) throw new IdentifierError("ssn-unreadable");
  const [, area, group, serial] = match;
  const digits = area + group + serial;
  if (FILLED_SSNS.has(digits) || ADVERTISED.test(digits) || new Set(digits).size === 1) {
    throw new IdentifierError("ssn-placeholder");
  }
  const isItin = area[0] === "9" && Number(group) >= 50 && !NO_ITIN_GROUPS.has(Number(group));
  const isIssued = !["000", "666"].includes(area) && area[0] !== "9" && group !== "00";
  if (serial === "0000" || !(isItin || isIssued)) throw new IdentifierError("ssn-impossible");
  return digits;
}

/** Return an individual taxpayer identification number as nine digits. */
export function normalizeItin(raw) {
  const digits = normalizeSsn(raw);
  if (digits[0] !== "9") throw new IdentifierError("itin-impossible");
  return digits;
}

/** Return the last four digits of a Social Security number, also from XXX-XX-1234. */
export function normalizeLastFour(raw) {
  const match = LAST_FOUR.exec(trim(raw).toUpperCase());
  if (!match) throw new IdentifierError("ssn4-unreadable");
  if (match[1] === "0000") throw new IdentifierError("ssn-placeholder");
  return match[1];
}

/** Return the state of a driver license or identity card and its number. */
export function normalizeLicense(raw, state) {
  return [normalizeState(state), matched(LICENSE, compact(raw), "dl-unreadable")];
}

/** Return the country that issued a passport and its number. */
export function normalizePassport(raw, country) {
  return [normalizeCountry(country), matched(PASSPORT, compact(raw), "passport-unreadable")];
}

/** Return an FBI number or universal control number, at most nine letters and digits. */
export function normalizeFbi(raw) {
  const match = FBI.exec(compact(raw));
  if (!match) throw new IdentifierError("fbi-unreadable");
  return compact(match[1]);
}

/** Return a state identification number: its state, and the number without the state's code. */
export function normalizeSid(raw, state) {
  const code = normalizeState(state);
  return [code, matched(SID, compact(withoutState(compact(raw), code)), "sid-unreadable")];
}

function matched(form, value, code) {
  if (!form.test(value)) throw new IdentifierError(code);
  return value;
}
