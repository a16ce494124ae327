// The office's side of joinder/v1 in a browser: raw identifiers go in, only tokens come out.
export { placeOf } from "./addresses.mjs";
export { oprfInput } from "./encoding.mjs";
export { IdentifierError, OprfError } from "./errors.mjs";
export { VALUE_KINDS, identifierKeys, lastFourKeys } from "./identifier_keys.mjs";
export { KEY_CLASSES, MATCH_SPEC } from "./kinds.mjs";
export { addressKeys, personAliases, phoneKey } from "./match_keys.mjs";
export { blind, finalize } from "./oprf.mjs";
export { matchKeysOf, wireSubjects } from "./payload.mjs";
export { tokenize } from "./tokenize.mjs";

/** SHA-256 of tables that the registry publishes; offices match only under the same ones. */
export const TABLES = { nicknames_sha256: NICKNAMES_SHA256, commonness_sha256: COMMONNESS_SHA256 };
