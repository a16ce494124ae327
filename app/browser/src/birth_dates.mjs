import { IdentifierError } from "./errors.mjs";
import { strip } from "./patterns.mjs";

const FORMS = [
  /^(?<year>[0-9]{4})(?:-(?<month>[0-9]{2})(?:-(?<day>[0-9]{2}))?)?$/,
  /^(?<year>[0-9]{4})(?<month>[0-9]{2})(?<day>[0-9]{2})$/,
  /^(?<month>[0-9]{1,2})\/(?<day>[0-9]{1,2})\/(?<year>[0-9]{4})$/,
];

/**
 * Read a date of birth: ISO 8601 (also only year, or year and month), YYYYMMDD, M/D/YYYY.
 *
 * Returns `{year, month, day, full}`, an unknown part being the empty string, `full` as YYYYMMDD.
 */
export function parseBirthDate(text) {
  const stripped = strip(text);
  if (!stripped) return birthDate();
  const match = FORMS.map((form) => form.exec(stripped)).find(Boolean);
  if (!match) throw new IdentifierError("birth-date-unreadable");
  const { year } = match.groups;
  const month = (match.groups.month ?? "").padStart(2, "0");
  const day = (match.groups.day ?? "").padStart(2, "0");
  if (year === "0000") return birthDate();
  if (month === "00" || !isInCalendar(Number(year), Number(month), Number(day) || 1)) {
    return birthDate(year);
  }
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
  return month <= 12 && day <= days[month - 1];
}
