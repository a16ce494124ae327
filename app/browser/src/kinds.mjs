// The kinds of match key, as app/identifiers/kinds.py lists them.

/** Names every rule that decides whether two offices' tokens agree; part of every OPRF input. */
export const MATCH_SPEC = "joinder/v1";

const KINDS_BY_CLASS = {
  person: "p.xx p.ld p.fd p.id p.nmd p.nym p.nyd p.nsw p.n p.nm p.lmd p.imd p.xz p.dz p.ih",
  tel: "tel",
  addr: "addr addr0",
  email: "email",
  online: "handle handle_id url ad",
  money: "pay wallet acct",
  device: "imei",
  vehicle: "plate vin",
  ssn: "ssn ssn4",
  itin: "itin",
  dl: "dl",
  passport: "passport",
  fbi: "fbi",
  sid: "sid",
  org: "org fein flc job",
};

/** Kind to key class: whose OPRF key evaluates it. */
export const KEY_CLASSES = Object.freeze(
  Object.fromEntries(
    Object.entries(KINDS_BY_CLASS).flatMap(([keyClass, kinds]) =>
      kinds.split(" ").map((kind) => [kind, keyClass]),
    ),
  ),
);
