// Check digits and checksums, each by the rule of whoever issues the number.
import { sha256 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";

const VIN_VALUES = new Map(
  [..."0123456789ABCDEFGHJKLMNPRSTUVWXYZ"].map((sign, index) => [
    sign,
    Number("012345678912345678123457923456789"[index]),
  ]),
);
const VIN_WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
const BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const BECH32_CONSTANT = 1;
const BECH32M_CONSTANT = 0x2bc830a3;
const GENERATORS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** Return the Luhn check digit that follows `digits` (ISO/IEC 7812-1 annex B). */
export function luhnDigit(digits) {
  const values = [...digits].reverse().map((digit, place) => Number(digit) * (place % 2 ? 1 : 2));
  const total = sum(values.map((value) => Math.floor(value / 10) + (value % 10)));
  return String((10 - (total % 10)) % 10);
}

/** Return the check digit that a VIN should have at its ninth place (49 CFR 565.15(c)). */
export const vinDigit = (vin) =>
  "0123456789X"[sum([...vin].map((sign, at) => VIN_VALUES.get(sign) * VIN_WEIGHTS[at])) % 11];

/** Say whether nine digits have a valid ABA check digit: weights 3, 7, 1, modulo 10. */
export const isRoutingNumber = (digits) =>
  sum([...digits].map((digit, at) => Number(digit) * [3, 7, 1][at % 3])) % 10 === 0;

/** Decode base58, with a zero byte for each leading first letter; null if it is not that. */
export function base58Decode(text, alphabet) {
  let number = 0n;
  for (const letter of text) {
    const place = alphabet.indexOf(letter);
    if (place < 0) return null;
    number = number * 58n + BigInt(place);
  }
  const bytes = [];
  for (; number > 0n; number >>= 8n) bytes.unshift(Number(number & 0xffn));
  const first = [...text].findIndex((letter) => letter !== alphabet[0]);
  return [...Array(first < 0 ? text.length : first).fill(0), ...bytes];
}

/** Return version and payload if the last four bytes are their double SHA-256, else null. */
export function base58checkDecode(text, alphabet) {
  const data = base58Decode(text, alphabet);
  if (data === null || data.length < 5) return null;
  const body = data.slice(0, -4);
  const twice = sha256(sha256(Uint8Array.from(body)));
  return data.slice(-4).every((byte, index) => byte === twice[index]) ? body : null;
}

/** Say whether a lower-case address is one of BIP 173 (version 0) or BIP 350 (1 to 16). */
export function isSegwitAddress(address, prefix) {
  const end = address.lastIndexOf("1");
  const values = [...address.slice(end + 1)].map((letter) => BECH32.indexOf(letter));
  if (end < 0 || address.slice(0, end) !== prefix) return false;
  if (values.length < 8 || values.includes(-1)) return false;
  const [version] = values;
  const codes = [...prefix].map((letter) => letter.charCodeAt(0));
  const expanded = [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
  const constant = version === 0 ? BECH32_CONSTANT : BECH32M_CONSTANT;
  if (bech32Polymod([...expanded, ...values]) !== constant) return false;
  const bits = 5 * (values.length - 7); // without the version and six letters of checksum
  const size = Math.floor(bits / 8);
  const padding = bits % 8;
  const rest = values.at(-7) & ((1 << padding) - 1);
  const hasSize = version === 0 ? size === 20 || size === 32 : size >= 2 && size <= 40;
  return version <= 16 && padding < 5 && rest === 0 && hasSize;
}

/** Write the 40 lower-case hexadecimal digits of an address in the case that EIP-55 gives. */
export function eip55(digits) {
  const digest = keccak_256(new TextEncoder().encode(digits));
  const nibbleOf = (index) => (index % 2 ? digest[index >> 1] & 15 : digest[index >> 1] >> 4);
  return [...digits]
    .map((letter, index) => (nibbleOf(index) > 7 ? letter.toUpperCase() : letter))
    .join("");
}

/** Compute the checksum of BIP 173, the remainder of a BCH code. */
function bech32Polymod(values) {
  let check = 1;
  for (const value of values) {
    const top = check >>> 25;
    check = ((check & 0x1ffffff) << 5) ^ value;
    GENERATORS.forEach((generator, bit) => {
      if ((top >> bit) & 1) check ^= generator;
    });
  }
  return check >>> 0;
}
