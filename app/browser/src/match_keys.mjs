// From a raw identifier to its match keys: the values on which two offices agree.
import { normalizeAddress } from "./addresses.mjs";
import { parseBirthDate } from "./birth_dates.mjs";
import { IdentifierError } from "./errors.mjs";
import {
  RARITY_CUTS,
  MIDDLE_INITIAL_TENTHS,
  formalName,
  normalizeName,
  rarity,
  rarityTenths,
  soundex,
} from "./names.mjs";
import { normalizePhone } from "./phones.mjs";

/** Most names, with those derived from compound surnames, under which one person is posted. */
export const MAX_ALIASES = 8;

/** Most signs of all fields of a match key. */
const LONGEST = 65_000;

const PLACE_KINDS = new Set(["p.xz", "p.dz", "p.ih"]);

const NOWHERE = ["", "", ""];

/**
 * Derive the match keys of one person from all names that the office knows.
 *
 * The first place goes with every name; each further one makes aliases that hold nothing but the
 * keys with that place.
 *
 * @param {{given: string, surname: string, middle?: string, born?: string}[]} names
 * @param {[string, string, string][]} places as `placeOf` returns them
 * @returns {{rarity: number, keys: {kind: string, fields: string[]}[]}[]} at most `MAX_ALIASES`
 */
export function personAliases(names, places = []) {
  if (names.length > MAX_ALIASES) throw new IdentifierError("too-many-names");
  const known = names.map(({ given, surname, middle = "", born = "" }) => [
    normalizeName(given, surname, middle),
    parseBirthDate(born),
  ]);
  const distinct = new Map(places.map((place) => [JSON.stringify(place), place]));
  const [here = NOWHERE, ...elsewhere] = [...distinct.values()].filter((place) => place.some(Boolean));
  const whole = known.map(([name, date]) => alias(name, name.last, date, here));
  const parts = known.flatMap(([name, date]) =>
    name.parts.map((part) => alias(name, part, date, here)),
  );
  const moved = elsewhere.flatMap((place) =>
    known.map(([name, date]) => onlyPlace(alias(name, name.last, date, place))),
  );
  const all = [...whole, ...parts, ...moved];
  const unique = new Map(all.map((each) => [JSON.stringify(each), each]));
  return [...unique.values()].filter((each) => each.keys.length).slice(0, MAX_ALIASES);
}

/** Derive the match key of a phone number. */
export const phoneKey = (raw, region = "US") => matchKey("tel", [normalizePhone(raw, region)]);

/** Derive the match keys of an address, with and without the unit. */
export function addressKeys(street, postcode, options = {}) {
  const [door, building] = normalizeAddress(street, postcode, options);
  return [matchKey("addr", door), matchKey("addr0", building)];
}

/** Make a match key, or refuse with `value-too-long` what no OPRF takes. */
export function matchKey(kind, fields) {
  if (fields.join("").length > LONGEST) throw new IdentifierError("value-too-long");
  return Object.freeze({ kind, fields: Object.freeze(fields) });
}

function alias(name, last, born, place) {
  const keys = personFields(name, last, born, place)
    .filter(([, ...fields]) => fields.every(Boolean))
    .map(([kind, ...fields]) => matchKey(kind, fields));
  return { rarity: rarity(name.formal, last), keys };
}

const onlyPlace = ({ rarity, keys }) => ({
  rarity,
  keys: keys.filter(({ kind }) => PLACE_KINDS.has(kind)),
});

/** Return the fields of the person kinds; a kind with an empty field is not made. */
function personFields(name, last, born, [postcode, number, street]) {
  const { formal: first, initial, middle } = name;
  const { year, month, day, full } = born;
  const [firstSound, lastSound] = [soundex(first), soundex(last)];
  // a swapped name is found only if a last name that looks like a nickname is mapped too
  const sounds = first && last ? [firstSound, soundex(formalName(last))].sort() : [""];
  const initials = [initial, last.slice(0, 1)].sort().reverse();
  const tenths = rarityTenths(first, last);
  const isRare = tenths >= RARITY_CUTS.at(-1);
  const isRareWithMiddle = tenths + MIDDLE_INITIAL_TENTHS >= RARITY_CUTS.at(-1);
  return [
    ["p.xx", ...sounds, full],
    ["p.xz", ...sounds, postcode],
    ["p.dz", full, postcode],
    ["p.ih", ...initials, number, street],
    ["p.ld", lastSound, full],
    ["p.fd", firstSound, full],
    ["p.id", ...initials, full],
    ["p.nmd", first, last, day && month + day],
    ["p.nyd", firstSound, last, day && year + day],
    ["p.nsw", firstSound, last, day && year + [month, day].sort().join("")],
    ["p.nym", firstSound, last, month && year + month],
    ["p.n", isRare ? first : "", last],
    ["p.nm", isRareWithMiddle ? firstSound : "", lastSound, middle],
    ["p.lmd", lastSound, middle, full],
    ["p.imd", initial, middle, full],
  ];
}
