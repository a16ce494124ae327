// Issuers of documents: states and countries under one code each.
import tables from "../../identifiers/data/places-v1.json";
import { IdentifierError } from "./errors.mjs";
import { fold } from "./names.mjs";
import { strip, whole } from "./patterns.mjs";

const STATES = new Set(Object.keys(tables.states));
const STATES_BY_NAME = new Map(Object.entries(tables.states).map(([code, name]) => [name, code]));
const COUNTRIES = new Map(Object.entries(tables.countries));
const ISO_3 = new Set(COUNTRIES.values());
const SUBDIVISION = whole("([A-Z]{2})-([A-Z0-9]{1,3})");

/** Return a state as its postal code, `CA`, or one of another country as ISO 3166-2, `MX-BCN`. */
export function normalizeState(text) {
  const folded = fold(text);
  const letters = folded.replace(/[^A-Z]/g, "");
  if (STATES.has(letters)) return letters;
  if (STATES_BY_NAME.has(letters)) return STATES_BY_NAME.get(letters);
  const [code, country, part] = SUBDIVISION.exec(strip(folded)) ?? [];
  if (country === "US" && STATES.has(part)) return part;
  if (country !== "US" && COUNTRIES.has(country)) return code;
  throw new IdentifierError("state-unknown");
}

/** Return a country as three letters of ISO 3166-1, from two or three; `D` is Germany's own. */
export function normalizeCountry(text) {
  const code = fold(text).replace(/[^A-Z]/g, "");
  if (ISO_3.has(code)) return code;
  if (code === "D") return "DEU"; // ICAO Doc 9303 part 3 section 5
  if (COUNTRIES.has(code)) return COUNTRIES.get(code);
  throw new IdentifierError("country-unknown");
}

/** Return a number without its own state's code in front: `CA0123` of `CA` is `0123`. */
export function withoutState(number, state) {
  const rest = number.startsWith(state) ? number.slice(state.length) : number;
  return /^[0-9]/.test(rest) ? rest : number;
}
