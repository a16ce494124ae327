// Person names: folding, sound, formal forms and how common they are.
import nameWords from "../../identifiers/data/name-words-v1.json";
import commonness from "../../identifiers/data/commonness-v1.json";
import spanish from "../../identifiers/data/nicknames-es-v1.json";
import english from "../../identifiers/data/nicknames-v1.json";
import { IdentifierError } from "./errors.mjs";

const NICKNAMES = new Map(Object.entries({ ...spanish, ...english }));
const FIRST_TENTHS = new Map(Object.entries(commonness.first));
const LAST_TENTHS = new Map(Object.entries(commonness.last));
const DROPPED = new Set([...nameWords.suffixes, ...nameWords.titles]);
const PARTICLES = new Set(nameWords.particles);
const APOSTROPHES = new RegExp(`[${nameWords.apostrophes}]`, "g");
const UNDECOMPOSED = new RegExp(`[${Object.keys(nameWords.letters).join("")}]`, "g");
const MARKS = /\p{Mn}/gu;

const RARE = 130;
export const RARITY_CUTS = [120, 160, 200];
export const MIDDLE_INITIAL_TENTHS = 40;
const SHORTEST_PART = 3;

const READABLE =
  /^[\u0000-\u036f\u1e00-\u1eff\u2000-\u206f\u2100-\u2188\u2500-\u27bf\u3000\ufb00-\ufb06\uff00-\uff5e]*$/;
const FOREIGN_LETTER = /[^\P{L}A-Za-z]/u;

const SOUND = new Map(
  ["BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"].flatMap((group, index) =>
    [...group].map((letter) => [letter, String(index + 1)]),
  ),
);

/** Write `text` in unaccented capitals: `José` becomes `JOSE`, `O'Brien` `OBRIEN`. */
export const fold = (text) =>
  text
    .replace(APOSTROPHES, "")
    .normalize("NFKD")
    .toUpperCase()
    .replace(UNDECOMPOSED, (letter) => nameWords.letters[letter])
    .replace(MARKS, "")
    .replace(APOSTROPHES, "");

/** Say whether `text` holds nothing that two releases of Unicode could read differently. */
export const isReadable = (text) => READABLE.test(text);

/** Fold `text`; letters of other scripts are refused with `name-not-latin`. */
export function foldLatin(text) {
  const folded = fold(text);
  if (!isReadable(text) || FOREIGN_LETTER.test(folded)) {
    throw new IdentifierError("name-not-latin");
  }
  return folded;
}

/** Split a name into folded words, without titles and generational suffixes. */
export function words(text) {
  const found = foldLatin(text).match(/[A-Z0-9]+/g) ?? [];
  const kept = found.filter((word) => !DROPPED.has(word));
  return kept.length ? kept : found;
}

/** Return the American Soundex code of a name in A-Z; the empty string has none. */
export function soundex(name) {
  if (!name) return "";
  let code = name[0];
  let last = SOUND.get(name[0]);
  for (const letter of name.slice(1)) {
    const digit = SOUND.get(letter);
    if (digit !== undefined && digit !== last) code += digit;
    if (letter !== "H" && letter !== "W") last = digit;
  }
  return code.slice(0, 4).padEnd(4, "0");
}

/** Return the formal name behind a nickname, `ROBERT` for `BOB`, or the name itself. */
export function formalName(first) {
  let name = first;
  while (NICKNAMES.has(name)) name = NICKNAMES.get(name);
  return name;
}

/** Split and normalize a name; an absent part is the empty string. */
export function normalizeName(given, surname, middle = "") {
  const [first, ...more] = [...words(given).map(letters), ""];
  const surnames = words(surname);
  const last = letters(surnames.join(""));
  if (!first && !last) throw new IdentifierError("name-missing");
  const middles = [...words(middle).map(letters), ...more, ""];
  const core = surnames.filter((word) => !PARTICLES.has(word));
  const parts = core.map(letters).filter((part) => part.length >= SHORTEST_PART);
  return {
    formal: first.length > 1 ? formalName(first) : "",
    initial: first.slice(0, 1),
    middle: middles[0].slice(0, 1),
    last,
    parts: core.length > 1 ? parts : [],
  };
}

/** Return how rare a full name is in the United States, in tenths of a bit. */
export function rarityTenths(formal, last) {
  const firstTenths = formal ? (FIRST_TENTHS.get(formal) ?? RARE) : 0;
  const lastTenths = last ? (LAST_TENTHS.get(last) ?? RARE) : 0;
  return firstTenths + lastTenths;
}

/** Return how rare a full name is, from 0 (many namesakes) to 3 (at most about 315). */
export function rarity(formal, last) {
  const tenths = rarityTenths(formal, last);
  return RARITY_CUTS.filter((cut) => tenths >= cut).length;
}

const letters = (word) => word.replace(/[^A-Z]/g, "");
