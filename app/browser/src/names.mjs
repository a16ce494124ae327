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

const UNSAID = new Set(nameWords.unsaid);
const UNSAID_PHRASES = new Set(nameWords.unsaid_phrases);
const PERHAPS_UNSAID = new Set(nameWords.perhaps_unsaid);
const NOBODY_SURNAMES = new Set(nameWords.nobody.surnames);
const NOBODY_GIVEN = new Set(nameWords.nobody.given);
const FILLER = /^([A-Z])\1{2,}$/;

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

/**
 * Split and normalize a name; an absent part is the empty string.
 *
 * Refuses with `name-not-latin`, `name-missing`, or `name-placeholder` what stands for nobody: every
 * office's John Doe would be one person.
 */
export function normalizeName(given, surname, middle = "") {
  const [givens, surnames, middles] = [given, surname, middle].map((text) =>
    words(text).map(letters),
  );
  if (isNobody(givens, surnames)) throw new IdentifierError("name-placeholder");
  const [first = "", ...more] = said(givens);
  const last = surnames.join("");
  if (!first && !last) throw new IdentifierError("name-missing");
  const [middleName = ""] = middles.length ? said(middles) : more;
  const core = words(surname).filter((word) => !PARTICLES.has(word));
  const parts = core.map(letters).filter((part) => part.length >= SHORTEST_PART);
  return {
    formal: first.length > 1 ? formalName(first) : "",
    initial: first.slice(0, 1),
    middle: middleName.slice(0, 1),
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

/** Return the names before the first one that says that there is none. */
function said(names) {
  if (UNSAID_PHRASES.has(names.join(" ")) || FILLER.test(names.join(""))) return [];
  const end = names.findIndex((name) => UNSAID.has(name));
  return end < 0 ? names : names.slice(0, end);
}

/** Say whether a name is none, as of UNKNOWN or N/A, or that of nobody known, as John Doe. */
function isNobody(givens, surnames) {
  const present = [givens, surnames].filter((names) => names.some(Boolean));
  if (!present.length) return false;
  if (said(present.at(-1)).length < present.at(-1).length) return true;
  if (UNSAID_PHRASES.has([...givens, ...surnames].join(" "))) return true;
  if (present.every((names) => !said(names).length || PERHAPS_UNSAID.has(names.join("")))) {
    return true;
  }
  if (present.length === 1) {
    // the whole name in one field
    givens = present[0].slice(0, -1);
    surnames = present[0].slice(-1);
  }
  return isDoe(givens, surnames) || isDoe(surnames, givens);
}

function isDoe(givens, surnames) {
  const surname = surnames.filter((name) => name.length > 1).join(""); // Doe 2, Doe A
  return NOBODY_SURNAMES.has(surname) && NOBODY_GIVEN.has(givens[0] ?? "");
}

const letters = (word) => word.replace(/[^A-Z]/g, "");
