// Match keys of everything but names, phones and addresses.
import { parseBirthDate } from "./birth_dates.mjs";
import {
  normalizeFbi,
  normalizeItin,
  normalizeLastFour,
  normalizeLicense,
  normalizePassport,
  normalizeSid,
  normalizeSsn,
} from "./documents.mjs";
import { IdentifierError } from "./errors.mjs";
import { matchKey } from "./match_keys.mjs";
import { normalizeAccount, normalizePayment, normalizeWallet } from "./money.mjs";
import { normalizeName, soundex } from "./names.mjs";
import {
  normalizeAd,
  normalizeEmail,
  normalizeHandle,
  normalizeHandleId,
  normalizeUrl,
} from "./online.mjs";
import {
  normalizeCertification,
  normalizeFein,
  normalizeOrganization,
  normalizeRegistration,
} from "./organizations.mjs";
import { refusePlaceholder } from "./texts.mjs";
import { normalizeImei, normalizePlate, normalizeVin } from "./vehicles.mjs";

const ALONE = {
  email: normalizeEmail,
  url: normalizeUrl,
  imei: normalizeImei,
  vin: normalizeVin,
  ssn: normalizeSsn,
  itin: normalizeItin,
  fbi: normalizeFbi,
  fein: normalizeFein,
};
const ISSUED = {
  handle: normalizeHandle,
  handle_id: normalizeHandleId,
  ad: normalizeAd,
  pay: normalizePayment,
  wallet: normalizeWallet,
  acct: normalizeAccount,
  plate: normalizePlate,
  dl: normalizeLicense,
  passport: normalizePassport,
  sid: normalizeSid,
  flc: normalizeRegistration,
  job: normalizeCertification,
};

/** The kinds that `identifierKeys` reads. */
export const VALUE_KINDS = Object.freeze([...Object.keys(ALONE), ...Object.keys(ISSUED), "org"]);

/**
 * Derive the match keys of one value: one, but of a firm as many as it has names.
 *
 * `of` is what the value needs beside it to mean something, such as the state of a plate.
 */
export function identifierKeys(kind, value, of = "") {
  refusePlaceholder(value);
  if (kind === "org") {
    return normalizeOrganization(value, of).map((fields) => matchKey("org", fields));
  }
  if (Object.hasOwn(ISSUED, kind)) return [matchKey(kind, ISSUED[kind](value, of))];
  const field = ALONE[kind](value);
  return [matchKey(kind === "ssn" && field.startsWith("9") ? "itin" : kind, [field])];
}

/** Derive match keys of the last four digits of a Social Security number, bound to names. */
export function lastFourKeys(value, names) {
  const digits = normalizeLastFour(value);
  const known = names.map(({ given, surname, middle = "", born = "" }) => [
    normalizeName(given, surname, middle),
    parseBirthDate(born).year,
  ]);
  const fields = known.flatMap(([name, year]) =>
    [name.last, ...name.parts].filter((last) => last && year).map((last) => [soundex(last), year]),
  );
  const unique = new Map(fields.map((each) => [each.join(), [digits, ...each]]));
  if (!unique.size) throw new IdentifierError("ssn4-alone");
  return [...unique.values()].map((each) => matchKey("ssn4", each));
}
