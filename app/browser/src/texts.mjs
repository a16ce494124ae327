// What every kind reads alike: white space, letters and digits, values that only fill a form.
import placeholders from "../../identifiers/data/placeholders-v1.json";
import { IdentifierError } from "./errors.mjs";
import { fold, isReadable } from "./names.mjs";
import { whole } from "./patterns.mjs";

export const PLACEHOLDERS = placeholders;

const WORDS = new Set(placeholders.words);

const SIGNS = /[^A-Z0-9]/g;
const FOREIGN = /[^\P{L}A-Z]|[^\P{N}0-9]/u;
const FILLERS = whole("([A-Z0-9])\\1{3,}|0+|[A-Z]{1,2}(?:0{5,}|9{5,})");
const KEYBOARD_RUNS = ["1234567890", "9876543210"].map((run) => run.repeat(2));
const SHORTEST_RUN = 6;
const BLANKS = /^[ \t\r\n\f\v\u00a0]+|[ \t\r\n\f\v\u00a0]+$/g;

/** Cut blanks off both ends of a value that is not folded. */
export const trim = (text) => text.replace(BLANKS, "");

/** Fold `text` and keep its letters and digits: `d 123-4567` becomes `D1234567`. */
export function compact(text) {
  const folded = fold(text);
  if (!isReadable(text) || FOREIGN.test(folded)) throw new IdentifierError("value-not-latin");
  refusePlaceholder(folded);
  const value = folded.replace(SIGNS, "");
  if (FILLERS.test(value) || isRun(value.replace(/^0/, ""))) {
    throw new IdentifierError("value-placeholder");
  }
  return value;
}

/** Refuse a word that stands for nothing, whatever its signs: `N/A`, `Unknown`, `TEST`. */
export function refusePlaceholder(text) {
  if (WORDS.has(fold(text).replace(SIGNS, ""))) throw new IdentifierError("value-placeholder");
}

const isRun = (digits) =>
  digits.length >= SHORTEST_RUN && KEYBOARD_RUNS.some((run) => run.startsWith(digits));
