// Names of platforms, advertisement sites, payment services and chains, one for each.
import tables from "../../identifiers/data/services-v1.json";
import { IdentifierError } from "./errors.mjs";
import { whole } from "./patterns.mjs";
import { PLACEHOLDERS, trim } from "./texts.mjs";

const NAMES = Object.fromEntries(
  Object.entries(tables).map(([table, names]) => [
    table,
    new Map(
      Object.entries(names).flatMap(([name, spellings]) =>
        [name, ...spellings].map((spelling) => [spelling, name]),
      ),
    ),
  ]),
);
const DOMAIN = whole("(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\\.)+[a-z][a-z0-9-]*[a-z0-9]");

/** Hosts that many people use, so that the host alone identifies nobody. */
export const SHARED_HOSTS = new Set([
  ...PLACEHOLDERS.hosts,
  ...Object.values(NAMES).flatMap((names) => [...names.keys()].filter((name) => name.includes("."))),
]);

/** Return the one name of a service, its domain if the table has none, null if it is neither. */
export function normalizeService(text, table) {
  const lower = trim(text).toLowerCase().replace(/^www\./, "");
  const squeezed = lower.replace(/[^a-z0-9]/g, "");
  const name = NAMES[table].get(lower) ?? NAMES[table].get(squeezed);
  return name ?? (DOMAIN.test(lower) ? lower : null);
}

/** Return what `normalizeService` does, or refuse with `code`. */
export function requireService(text, table, code) {
  const name = normalizeService(text, table);
  if (name === null) throw new IdentifierError(code);
  return name;
}
