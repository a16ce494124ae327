// What every kind reads alike: white space, letters and digits, values that only fill a form.
import placeholders from "../../identifiers/data/placeholders-v1.json";
import { IdentifierError } from "./errors.mjs";
import { fold, isReadable, words } from "./names.mjs";
import { whole } from "./patterns.mjs";

export const PLACEHOLDERS = placeholders;

const WORDS = new Set(placeholders.words);
const NAME_WORDS = new Set(placeholders.name_words);
const NOBODY_SURNAMES = new Set(placeholders.nobody.surnames);
const NOBODY_GIVEN = new Set(placeholders.nobody.given);

const SIGNS = /[^A-Z0-9]/g;
const FOREIGN = /[^\P{L}A-Z]|[^\P{N}0-9]/u;
const FILLERS = whole(
  "([A-Z0-9])\\1{3,}|0?123456(?:7(?:8(?:90?)?)?)?|0?987654(?:3(?:2(?:10?)?)?)?",
);
const BLANKS = /^[ \t\r\n\f\v\u00a0]+|[ \t\r\n\f\v\u00a0]+$/g;

/** Cut blanks off both ends of a value that is not folded. */
export const trim = (text) => text.replace(BLANKS, "");

/** Fold `text` and keep its letters and digits: `d 123-4567` becomes `D1234567`. */
export function compact(text) {
  const folded = fold(text);
  if (!isReadable(text) || FOREIGN.test(folded)) throw new IdentifierError("value-not-latin");
  refusePlaceholder(folded);
  const value = folded.replace(SIGNS, "");
  if (FILLERS.test(value)) throw new IdentifierError("value-placeholder");
  return value;
}

/** Refuse a word that stands for nothing, whatever its signs: `N/A`, `Unknown`, `TEST`. */
export function refusePlaceholder(text) {
  if (WORDS.has(fold(text).replace(SIGNS, ""))) throw new IdentifierError("value-placeholder");
}

/** Return given names, or the empty string for what says that there is none, such as FNU. */
export const knownGiven = (given) => (words(given).every(isUnknown) ? "" : given);

/** Refuse a name that stands for nobody: every office's John Doe would be one person. */
export function refuseNobody(given, surname) {
  const firsts = words(given);
  const lasts = words(surname);
  const isDoe = lasts.length === 1 && NOBODY_SURNAMES.has(lasts[0]);
  const hasUnknown = (lasts.length ? lasts : firsts).some(isUnknown);
  if (hasUnknown || (isDoe && NOBODY_GIVEN.has(firsts[0] ?? ""))) {
    throw new IdentifierError("name-placeholder");
  }
}

const isUnknown = (word) => NAME_WORDS.has(word);
