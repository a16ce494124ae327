import { MATCH_SPEC } from "./kinds.mjs";

const LP_MAX = 0xffff;

/** Prefix bytes with their length in two bytes (I2OSP of RFC 8017 section 4.1). */
export function lp(data) {
  if (data.length > LP_MAX) throw new RangeError("too long for a two-byte length prefix");
  return Uint8Array.of(data.length >> 8, data.length & 0xff, ...data);
}

/** Encode a match key as the private input of the OPRF; the encoding is injective. */
export function oprfInput({ kind, fields }) {
  const encoder = new TextEncoder();
  const parts = [`${MATCH_SPEC}/${kind}`, ...fields].map((part) => lp(encoder.encode(part)));
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Encode as base64url without padding (RFC 4648 section 5). */
export const b64uEncode = (data) =>
  btoa(String.fromCharCode(...data))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");

/** Decode base64url without padding, accepting the one canonical spelling only. */
export function b64uDecode(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new TypeError("not base64url");
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const data = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  if (b64uEncode(data) !== text) throw new TypeError("not canonical base64url");
  return data;
}

export const hexDecode = (text) =>
  Uint8Array.from(text.match(/[0-9a-f]{2}/g) ?? [], (byte) => parseInt(byte, 16));
