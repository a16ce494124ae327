/**
 * Build `subjects` of PUT /v1/cases/{source_system}/{external_id}: nothing raw, only tokens.
 *
 * @param {{ref: string, kind: string, provenance: string, names: object[],
 *   identifiers: object[]}[]} subjects `names` as `personAliases` returns them, `identifiers`
 *   being match keys
 * @param {{get: (matchKey: object) => string}} tokens what `tokenize` returned for all of their keys
 */
export const wireSubjects = (subjects, tokens) =>
  subjects.map(({ ref, kind, provenance, names, identifiers }) => ({
    ref,
    kind,
    names: names.map(({ rarity, keys }) => ({
      rarity,
      provenance,
      tokens: Object.fromEntries(keys.map((key) => [key.kind, tokens.get(key)])),
    })),
    identifiers: identifiers.map((key) => ({
      kind: key.kind,
      provenance,
      token: tokens.get(key),
    })),
  }));

/** Return every match key of subjects, for `tokenize`. */
export const matchKeysOf = (subjects) =>
  subjects.flatMap(({ names, identifiers }) => [
    ...names.flatMap(({ keys }) => keys),
    ...identifiers,
  ]);
