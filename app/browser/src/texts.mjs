// What every kind reads alike: white space, letters and digits, values that only fill a form.
import placeholders from "../../identifiers/data/placeholders-v1.json";
import { IdentifierError } from "./errors.mjs";
import { fold, isReadable } from "./names.mjs";
import { whole } from "./patterns.mjs";

export const PLACEHOLDERS = placeholders;

const WORDS = new Set(placeholders.words);

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
