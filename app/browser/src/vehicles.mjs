// Vehicles and devices: plates, VINs and IMEIs.
import { luhnDigit, vinDigit } from "./checksums.mjs";
import { IdentifierError } from "./errors.mjs";
import { whole } from "./patterns.mjs";
import { normalizeState } from "./places.mjs";
import { compact, trim } from "./texts.mjs";

const PLATE = whole("[A-Z0-9]{2,10}");
const VIN = whole("[A-HJ-NPR-Z0-9]{17}");
const IMEI = whole("([0-9]{14})([0-9]?|[0-9]{2})");

/** Return the state of a license plate and its signs; O is 0 and I is 1, as nobody can tell. */
export function normalizePlate(raw, state) {
  const code = normalizeState(state);
  const signs = compact(raw);
  if (!PLATE.test(signs)) throw new IdentifierError("plate-unreadable");
  return [code, signs.replaceAll("O", "0").replaceAll("I", "1")];
}

/** Return a vehicle identification number, 17 signs with the right check digit. */
export function normalizeVin(raw) {
  const vin = compact(raw).replace(/[OQ]/g, "0").replaceAll("I", "1");
  if (!VIN.test(vin)) throw new IdentifierError("vin-unreadable");
  if (vinDigit(vin) !== vin[8]) throw new IdentifierError("vin-check-digit");
  return vin;
}

/** Return an IMEI as 15 digits, the last one the check digit (3GPP TS 23.003 section 6.2). */
export function normalizeImei(raw) {
  const match = IMEI.exec(trim(raw).replace(/[ ./-]/g, ""));
  if (!match) throw new IdentifierError("imei-unreadable");
  const body = compact(match[1]);
  const digit = luhnDigit(body);
  if (match[2].length === 1 && match[2] !== digit) throw new IdentifierError("imei-check-digit");
  return body + digit;
}
