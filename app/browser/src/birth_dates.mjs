import { IdentifierError } from "./errors.mjs";
import { strip } from "./patterns.mjs";
import { PLACEHOLDERS } from "./texts.mjs";

const FORMS = [
  /^(?<year>[0-9]{4})(?:-(?<month>[0-9]{2})(?:-(?<day>[0-9]{2}))?)?$/,
  /^(?<year>[0-9]{4})(?<month>[0-9]{2})(?<day>[0-9]{2})$/,
  /^(?<month>[0-9]{1,2})\/(?<day>[0-9]{1,2})\/(?<year>[0-9]{4})$/,
];

const MONTHS = 12;
const DAYS = 31;

/** Letters that a scanner reads for digits; a date has no others. */
const MISREAD = { O: 0, o: 0, I: 1, l: 1, "|": 1, Z: 2, z: 2, S: 5, s: 5, B: 8 };

/** What databases and people write for none, such as 1900-01-01. */
const FILLERS = new Set(PLACEHOLDERS.dates);

/**
 * Read a date of birth: ISO 8601 (also only year, or year and month), YYYYMMDD, M/D/YYYY.
 *
 * A month above 12 with a day that could be one is a date in the other order; a day above 31 is
 * unknown; of any other date that is in no calendar only the year is kept.
 * Returns `{year, month, day, full}`, an unknown part being the empty string, `full` as YYYYMMDD.
 */
export function parseBirthDate(text) {
  const stripped = strip(text);
  if (!stripped) return birthDate();
  const digits = stripped.replace(/[OoIl|ZzSsB]/g, (sign) => MISREAD[sign]);
  const match = FORMS.map((form) => form.exec(digits)).find(Boolean);
  if (!match) throw new IdentifierError("birth-date-unreadable");
  const { year } = match.groups;
  let [month, day] = ["month", "day"].map((part) => (match.groups[part] ?? "").padStart(2, "0"));
  if (year === "0000") return birthDate();
  const isSwapped = Number(month) > MONTHS && Number(day) > 0 && Number(day) <= MONTHS;
  if (isSwapped) [month, day] = [day, month]; // only the other order can be meant
  if (Number(day) > DAYS) day = "00";
  if (month === "00" || !isInCalendar(Number(year), Number(month), Number(day) || 1)) {
    return birthDate(year);
  }
  if (FILLERS.has(year + month + day)) throw new IdentifierError("value-placeholder");
  return birthDate(year, month, day === "00" ? "" : day);
}

const birthDate = (year = "", month = "", day = "") => ({
  year,
  month,
  day,
  full: day ? year + month + day : "",
});

function isInCalendar(year, month, day) {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return month <= MONTHS && day <= days[month - 1];
}
