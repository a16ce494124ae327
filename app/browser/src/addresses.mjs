// Street addresses in the spelling of USPS Publication 28, so that equal doors have equal text.
import tables from "../../identifiers/data/street-words-v1.json";
import { IdentifierError } from "./errors.mjs";
import { foldLatin, soundex } from "./names.mjs";
import { SPACE, strip, whole } from "./patterns.mjs";
import { PLACEHOLDERS } from "./texts.mjs";

const SUFFIXES = new Map(
  Object.entries(tables.suffixes).flatMap(([standard, spellings]) =>
    [standard, ...spellings].map((spelling) => [spelling, standard]),
  ),
);
const DIRECTIONS = new Map(Object.entries(tables.directions));
const ORDINALS = new Map(Object.entries(tables.ordinals));
const DOORS = new Set(tables.doors);
const PERHAPS_DOORS = new Map(Object.entries(tables.perhaps_doors));
const STANDALONE = new Set(tables.standalone);
const SHORTEST = 2;

/** Most signs of a house number and of a street's first word; more is no house. */
const LONGEST = 32;

const BOX = /(?:P ?O|POST OFFICE|GPO) ?BOX (?=[0-9])/g;
const UNIT_SLASH = new RegExp(
  `^[${SPACE}]*(?:[A-Za-z]+[${SPACE}]+)?([A-Za-z]?[0-9]+[A-Za-z]?)[${SPACE}]*/[${SPACE}]*(?=[0-9])`,
);
const DESIGNATION = whole("[A-Z]|[A-Z]?[0-9]+[A-Z]?");
const ZIP = whole("([0-9]{5})(?:-?[0-9]{4})?");
const ZIP_WITHOUT_ZERO = whole("[0-9]{4}");
const NO_ZIPS = new Set(PLACEHOLDERS.zips);
const NO_STREETS = new Set([...PLACEHOLDERS.words, ...PLACEHOLDERS.streets]);
const FOREIGN = whole("[A-Z0-9]{3,10}");
const SPACES_AND_HYPHENS = new RegExp(`[${SPACE}-]`, "g");

/**
 * Return what of an address goes with a name: postcode, number, and the sound of the street.
 *
 * A part that cannot be read is empty. Refuses nothing.
 *
 * @returns {[string, string, string]}
 */
export function placeOf(street, postcode, { number = "", region = "US" } = {}) {
  const zone = orRefused("", () => normalizePostcode(postcode, region));
  const [at, word] = orRefused(["", ""], () => standard(partsOf(street, number, "", region)[0]));
  if (at.length > LONGEST || word.length > LONGEST) return [zone, "", ""];
  return [zone, at, /^[A-Z]+$/.test(word) ? soundex(word) : word];
}

/**
 * Normalize an address to `[line, postcode]`, once with its unit and once without.
 *
 * Refuses with `address-incomplete`, `name-not-latin`, `postcode-unreadable` or
 * `value-placeholder`.
 */
export function normalizeAddress(street, postcode, { number = "", unit = "", region = "US" } = {}) {
  const zone = normalizePostcode(postcode, region);
  const [building, designation] = partsOf(street, number, unit, region);
  const [, , text] = standard(building);
  return [
    [designation ? `${text} UNIT ${designation}` : text, zone],
    [text, zone],
  ];
}

/** Return what `read` does, or `otherwise` where it refuses. */
function orRefused(otherwise, read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof IdentifierError) return otherwise;
    throw error;
  }
}

/** Return the words of the building and the designation of the unit. */
function partsOf(street, number, unit, region) {
  let line = `${number} ${street}`;
  let front = "";
  const match = region === "US" ? null : UNIT_SLASH.exec(line);
  if (match) {
    front = match[1];
    line = line.slice(match[0].length);
  }
  const [words, door] = split(wordsOf(line));
  const building = words.join(" ").replace(BOX, "PO BOX ").split(" ").filter(Boolean);
  return [building, designationOf([...wordsOf(front), ...door, ...wordsOf(unit)])];
}

const wordsOf = (text) =>
  foldLatin(text.replaceAll(".", "").replaceAll("#", " UNIT ")).match(/[A-Z0-9]+/g) ?? [];

/** Return the five digits of a ZIP code, or another country's postcode without spaces. */
export function normalizePostcode(text, region = "US") {
  const code = strip(text);
  if (region === "US") {
    const match = ZIP.exec(ZIP_WITHOUT_ZERO.test(code) ? code.padStart(5, "0") : code);
    if (match && NO_ZIPS.has(match[1])) throw new IdentifierError("value-placeholder");
    if (match) return match[1];
  } else {
    const foreign = code.replace(SPACES_AND_HYPHENS, "").toUpperCase();
    if (FOREIGN.test(foreign)) return foreign;
  }
  throw new IdentifierError("postcode-unreadable");
}

/** Split a line into the building and its unit, wherever the unit stands. */
function split(words) {
  let front = [];
  const [door, designation, number] = words;
  if (
    words.length > 2 &&
    (DOORS.has(door) || PERHAPS_DOORS.has(door)) &&
    DESIGNATION.test(designation) &&
    isDigit(number[0])
  ) {
    front = [door, designation]; // Unit 3, 12 High Street
    words = words.slice(2);
  }
  let end = words.findIndex((_, index) => index >= SHORTEST && announces(words, index));
  if (end < 0) end = words.length;
  while (end > SHORTEST && (DOORS.has(words[end - 1]) || STANDALONE.has(words[end - 1]))) end -= 1;
  return [words.slice(0, end), [...front, ...words.slice(end)]];
}

/** Tell whether the word at `index` announces a unit. */
function announces(words, index) {
  const [word, following] = words.slice(index);
  if (following === undefined) return false;
  if (DOORS.has(word)) return true;
  return PERHAPS_DOORS.has(word) && DESIGNATION.test(DIRECTIONS.get(following) ?? following);
}

/** Return a unit without the word for it: `Apt. 4-B`, `#4B` and `Unit 4B` are all `4B`. */
const designationOf = (words) =>
  words
    .filter((word) => !DOORS.has(word))
    .map((word) => PERHAPS_DOORS.get(word) ?? word)
    .filter(Boolean)
    .join(" ")
    .replace(/\b([0-9]+) ([A-Z])\b/g, "$1$2")
    .replace(/\b([A-Z]) ([0-9]+)\b/g, "$1$2");

/**
 * Abbreviate directions and the street suffix (Publication 28 sections 233 and 234).
 *
 * @returns {[string, string, string]} the number, the word that tells the street (the first one, but
 *   for a direction in front and numbers), and the line
 */
function standard(building) {
  if (building.length > 2 && building[0] === "PO" && building[1] === "BOX") {
    return [building[2], "BOX", building.join(" ")];
  }
  const [number, ...words] = building;
  let street = words;
  if (!street.length || !isDigit(number[0])) throw new IdentifierError("address-incomplete");
  if (NO_STREETS.has(street.join(""))) throw new IdentifierError("value-placeholder");
  const after = [];
  const before = [];
  if (street.length > 1 && DIRECTIONS.has(street.at(-1))) {
    after.push(DIRECTIONS.get(street.pop()));
  }
  const isNameAndSuffix = street.length === 2 && SUFFIXES.has(street[1]);
  if (!isNameAndSuffix && street.length > 1 && DIRECTIONS.has(street[0])) {
    before.push(DIRECTIONS.get(street.shift()));
  }
  if (street.length > 1) {
    const place = street.length - (isDigits(street.at(-1)) ? 2 : 1); // Highway 101
    street[place] = SUFFIXES.get(street[place]) ?? street[place];
  }
  street = street.map((word) => ORDINALS.get(word) ?? word);
  const name = street.find((word) => !isDigits(word)) ?? street[0]; // 12 1/2 Main St
  return [number, name, [number, ...before, ...street, ...after].join(" ")];
}

const isDigit = (character) => /^[0-9]$/.test(character);
const isDigits = (word) => /^[0-9]+$/.test(word);
