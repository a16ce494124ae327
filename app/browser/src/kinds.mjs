// The kinds of match key, as app/identifiers/kinds.py lists them.

/** Names every rule that decides whether two offices' tokens agree; part of every OPRF input. */
export const MATCH_SPEC = "joinder/v1";

const PERSON_KINDS = "xx ld fd id nmd nym nyd nsw n nm lmd imd".split(" ").map((name) => `p.${name}`);

/** Kind to key class: whose OPRF key evaluates it. */
export const KEY_CLASSES = Object.freeze({
  ...Object.fromEntries(PERSON_KINDS.map((kind) => [kind, "person"])),
  tel: "tel",
  addr: "addr",
  addr0: "addr",
});
