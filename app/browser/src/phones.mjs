// Phone numbers as E.164, read as the Python package `phonenumbers` reads them.
//
// A port of `parse` of Google's libphonenumber (Apache-2.0), without formatting, validity, carrier
// codes and the text of extensions. libphonenumber-js reads other things than the original does.
import { codes, plans } from "../../identifiers/data/phone-plans-v1.json";
import { IdentifierError } from "./errors.mjs";
import { whole } from "./patterns.mjs";
import { PLACEHOLDERS } from "./texts.mjs";

const LONGEST_TEXT = 250;
const SHORTEST_NATIONAL = 2;
const LONGEST_NATIONAL = 17;
const LONGEST_CODE = 3;

const READABLE =
  /^[\0-\xff\u0301\u0410-\u044f\u0660-\u0669\u06f0-\u06f9\u2000-\u206f\u2212\u223c\u3000\u30fc\uff00-\uff5e]*$/;
const WHOLE = whole("\\+(?:1[2-9][0-9]{2}[2-9][0-9]{6}|[2-9][0-9]{7,14})");
const FILLERS = whole(
  "([0-9])\\1+|0?123456789?0?|0?987654321?0?" +
    "|[0-9]{3}(?:0000000|1111111|5555555|9999999|1234567|5550100|5551212)",
);

const ZEROS = [0x30, 0x660, 0x6f0, 0xff10]; // of the digits that READABLE lets through
const DIGIT = "0-9\\u0660-\\u0669\\u06f0-\\u06f9\\uff10-\\uff19";
const PLUS = "+\\uff0b";
const PUNCTUATION =
  "\\-x\\u2010-\\u2015\\u2212\\u30fc\\uff0d-\\uff0f \\u00a0\\u00ad\\u200b\\u2060\\u3000" +
  "()\\uff08\\uff09\\uff3b\\uff3d.\\[\\]\\/~\\u2053\\u223c\\uff5e";

const digits = (most) => `[${DIGIT}]{1,${most}}`;
const BEFORE_LABEL = "[ \\u00a0\\t,]*";
const AFTER_LABEL = "[:.\\uff0e]?[ \\u00a0\\t,\\-]*";
const EXTENSION = [
  `;ext=${digits(20)}`,
  BEFORE_LABEL +
    "(?:e?xt(?:ensi(?:o\\u0301?|\\u00f3))?n?|\\uff45?\\uff58\\uff54\\uff4e?|\\u0434\\u043e\\u0431|anexo)" +
    `${AFTER_LABEL}${digits(20)}#?`,
  `${BEFORE_LABEL}(?:[x\\uff58#\\uff03~\\uff5e]|int|\\uff49\\uff4e\\uff54)${AFTER_LABEL}${digits(9)}#?`,
  `[\\- ]+${digits(6)}#`,
  `[ \\u00a0\\t]*(?:,{2}|;)${AFTER_LABEL}${digits(15)}#?`,
  `[ \\u00a0\\t]*,+${AFTER_LABEL}${digits(9)}#?`,
].join("|");

const START = new RegExp(`[${PLUS}${DIGIT}]`);
const UNWANTED_END = /[^#\p{L}\p{N}]+$/u;
const SECOND_NUMBER = /[\\/] *x/;
const PLUSES = new RegExp(`^[${PLUS}]+`);
const AT_END = new RegExp(`(?:${EXTENSION})$`, "iu");
const VIABLE = whole(
  `[${DIGIT}]{2}|[${PLUS}]*(?:[${PUNCTUATION}*]*[${DIGIT}]){3,}[${PUNCTUATION}*A-Za-z${DIGIT}]*` +
    `(?:${EXTENSION})?`,
  "iu",
);
const KEYPAD = new Map(
  ["ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ"].flatMap((group, index) =>
    [...group].map((letter) => [letter, String(index + 2)]),
  ),
);

const CONTEXT = ";phone-context=";
const LABEL_END = `(?:[-A-Za-z${DIGIT}]*[A-Za-z${DIGIT}])?`;
const CONTEXT_VALID = whole(
  `\\+[-.()${DIGIT}]*[${DIGIT}][-.()${DIGIT}]*` +
    `|(?:[A-Za-z${DIGIT}]${LABEL_END}\\.)*[A-Za-z]${LABEL_END}\\.?`,
);

/**
 * Return a phone number in E.164, such as +14155550132, without its extension.
 *
 * Refuses with `phone-unreadable`, with `phone-placeholder` for 0000000000 and its like, and with
 * `phone-hotline` for 911 and the numbers that everybody calls.
 */
export function normalizePhone(raw, region = "US") {
  if (Object.hasOwn(PLACEHOLDERS.short_codes, raw.replace(/[^0-9]/g, ""))) throw hotline();
  const { code, national } = parse(raw, region);
  if (FILLERS.test(national)) throw new IdentifierError("phone-placeholder");
  const e164 = `+${code}${national}`;
  if (!WHOLE.test(e164)) throw unreadable();
  const again = parse(e164, region);
  if (`+${again.code}${again.national}` !== e164) throw unreadable();
  if (Object.hasOwn(PLACEHOLDERS.hotlines, e164)) throw hotline();
  return e164;
}

const hotline = () => new IdentifierError("phone-hotline");
const isRegion = (name) => /^[A-Z]{2}$/.test(name) && Object.hasOwn(plans, name);
const unreadable = () => new IdentifierError("phone-unreadable");
function parse(raw, region) {
  if (raw.length > LONGEST_TEXT || !READABLE.test(raw)) throw unreadable();
  let text = possibleNumber(raw);
  if (!isViable(text)) throw unreadable();
  if (!isRegion(region) && !PLUSES.test(text)) throw unreadable();
  text = withoutExtension(text);
  let plan = isRegion(region.toUpperCase()) ? plans[region.toUpperCase()] : undefined;
  let [code, national] = splitCode(text, plan);
  if (code) {
    plan = plans[codes[code]];
  } else {
    national = asciiDigits(text);
    code = plan.code;
  }
  if (national.length < SHORTEST_NATIONAL) throw unreadable();
  const rest = withoutTrunk(national, plan);
  if (!["short", "local", "gap"].includes(lengthOf(rest, plan))) national = rest;
  if (national.length < SHORTEST_NATIONAL || national.length > LONGEST_NATIONAL) throw unreadable();
  return { code, national };
}

/** Cut what stands before and after a number; follow RFC 3966 where the text does. */
function possibleNumber(text) {
  const at = text.indexOf(CONTEXT);
  let number;
  if (at >= 0) {
    const context = text.slice(at + CONTEXT.length).split(";", 1)[0];
    if (!CONTEXT_VALID.test(context)) throw unreadable();
    const scheme = text.indexOf("tel:");
    const start = scheme >= 0 ? scheme + 4 : 0;
    number = (context.startsWith("+") ? context : "") + text.slice(start, Math.max(start, at));
  } else {
    const start = text.search(START);
    if (start < 0) return "";
    number = text.slice(start).replace(UNWANTED_END, "").split(SECOND_NUMBER, 1)[0];
  }
  const subaddress = number.indexOf(";isub=");
  return subaddress > 0 ? number.slice(0, subaddress) : number;
}

const isViable = (text) => text.length >= SHORTEST_NATIONAL && VIABLE.test(text);

function withoutExtension(text) {
  const at = text.search(AT_END);
  return at >= 0 && isViable(text.slice(0, at)) ? text.slice(0, at) : text;
}

/** Return a text as ASCII digits; letters are dialled if there are three or more. */
function asciiDigits(text) {
  const dial =
    text.replace(/[^A-Za-z]/g, "").length >= 3
      ? (character) => KEYPAD.get(character.toUpperCase()) ?? /[0-9]/.exec(character)?.[0] ?? ""
      : digitOf;
  return [...text].map(dial).join("");
}

function digitOf(character) {
  const values = ZEROS.map((zero) => character.charCodeAt(0) - zero);
  return String(values.find((value) => value >= 0 && value <= 9) ?? "");
}

/** Return `[country code, rest]`, or `[0, ""]` if the number is a national one of `plan`. */
function splitCode(text, plan) {
  const plus = PLUSES.exec(text);
  if (plus) {
    const abroad = asciiDigits(text.slice(plus[0].length));
    if (abroad.length <= SHORTEST_NATIONAL) throw unreadable();
    const found = knownCode(abroad);
    if (found[0]) return found;
    text = text.slice(plus[0].length); // +011 1 415 ..., a plus that is none
    const retried = text ? splitWithoutPlus(text, plan) : [0, ""];
    if (!retried[0]) throw unreadable();
    return retried;
  }
  return splitWithoutPlus(text, plan);
}

function splitWithoutPlus(text, plan) {
  const all = asciiDigits(text);
  const abroad = withoutIdd(all, plan);
  if (abroad !== undefined) {
    if (abroad.length <= SHORTEST_NATIONAL) throw unreadable();
    const found = knownCode(abroad);
    if (!found[0]) throw unreadable();
    return found;
  }
  if (plan && all.startsWith(String(plan.code))) {
    const rest = withoutTrunk(all.slice(String(plan.code).length), plan);
    const isOnlyRest = !isGeneral(all, plan) && isGeneral(rest, plan);
    if (isOnlyRest || lengthOf(all, plan) === "long") return [plan.code, rest];
  }
  return [0, ""];
}

function withoutIdd(number, plan) {
  const match = plan?.abroad && new RegExp(`^(?:${plan.abroad})`).exec(number);
  if (!match) return undefined;
  const rest = number.slice(match[0].length);
  return rest.startsWith("0") ? undefined : rest; // no country code begins with 0
}

function knownCode(number) {
  for (let length = 1; length <= Math.min(LONGEST_CODE, number.length); length += 1) {
    const code = number.slice(0, length);
    if (Object.hasOwn(codes, code)) return [Number(code), number.slice(length)];
  }
  return [0, number];
}

function withoutTrunk(number, plan) {
  const match = number && plan.trunk && new RegExp(`^(?:${plan.trunk})`).exec(number);
  if (!match) return number;
  const isTransformed = plan.transform && match.at(-1) !== undefined;
  const rest =
    (isTransformed ? plan.transform.replace(/\\([0-9])/g, (_, group) => match[group] ?? "") : "") +
    number.slice(match[0].length);
  return isGeneral(number, plan) && !isGeneral(rest, plan) ? number : rest;
}

const isGeneral = (number, plan) => whole(plan.general).test(number);

function lengthOf(number, plan) {
  if (plan.local?.includes(number.length)) return "local";
  if (number.length < plan.lengths[0]) return "short";
  if (number.length > plan.lengths.at(-1)) return "long";
  return plan.lengths.includes(number.length) ? "possible" : "gap";
}
