// Payment handles, crypto wallets and bank accounts.
import {
  base58Decode,
  base58checkDecode,
  eip55,
  isRoutingNumber,
  isSegwitAddress,
} from "./checksums.mjs";
import { IdentifierError } from "./errors.mjs";
import { accountName, normalizeEmail } from "./online.mjs";
import { whole } from "./patterns.mjs";
import { normalizePhone } from "./phones.mjs";
import { normalizeService, requireService } from "./services.mjs";
import { PLACEHOLDERS, compact, trim } from "./texts.mjs";

const PHONE_LIKE = whole("\\+?[0-9() .-]{10,20}");

const BITCOIN = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";
const VERSIONS = {
  bitcoin: [[0x00], [0x05]],
  dash: [[0x4c], [0x10]],
  dogecoin: [[0x1e], [0x16]],
  litecoin: [[0x30], [0x32], [0x05]],
  ripple: [[0x00]],
  tron: [[0x41]],
  zcash: [
    [0x1c, 0xb8],
    [0x1c, 0xbd],
  ],
};
const HASH_BYTES = 20;
const SEGWIT = { bitcoin: "bc", litecoin: "ltc" };
const HEXADECIMAL = whole("0[xX]([0-9a-fA-F]{40})");
const MONERO = whole(`[48](?:[${BITCOIN}]{94}|[${BITCOIN}]{105})`);
const SOLANA_BYTES = 32;
const BURNED = new Set(PLACEHOLDERS.wallets);

const ROUTING = whole("(?:0[1-9]|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)[0-9]{7}");
const ACCOUNT = whole("[0-9]{4,17}");

/** Return a payment service and who is paid there: an e-mail, a phone or an account name. */
export function normalizePayment(raw, service) {
  const name = requireService(service, "services", "service-unknown");
  const text = trim(raw);
  if (PHONE_LIKE.test(text)) return [name, normalizePhone(text)];
  if (text.lastIndexOf("@") > 0 && !text.includes("/")) return [name, normalizeEmail(text)];
  return [name, accountName(text, "pay-unreadable")];
}

/** Return a chain and an address on it whose checksum holds, where the chain has one. */
export function normalizeWallet(raw, chain) {
  const name = normalizeService(chain, "chains");
  if (name === null || name.includes(".")) throw new IdentifierError("chain-unknown");
  const found = addressOn(name, trim(raw));
  if (found === null) throw new IdentifierError("wallet-checksum");
  const [address] = found;
  if (BURNED.has(address) || found.some(isPatterned)) throw new IdentifierError("value-placeholder");
  return [name, address];
}

/** Return the routing number of a bank and an account there without leading zeros. */
export function normalizeAccount(raw, routing) {
  const [bank, digits] = [routing, raw].map((text) => trim(text).replace(/[ .-]/g, ""));
  if (!ROUTING.test(bank) || !isRoutingNumber(bank)) throw new IdentifierError("routing-invalid");
  if (!ACCOUNT.test(digits)) throw new IdentifierError("account-unreadable");
  return [bank, compact(digits).replace(/^0+/, "")];
}

/** Return an address as it is compared, and the digits of its hash or key; null if it is none. */
function addressOn(chain, text) {
  if (chain === "ethereum") return hexadecimal(text);
  if (chain === "monero") return MONERO.test(text) ? [text, text] : null;
  if (chain === "solana") {
    const key = base58Decode(text, BITCOIN);
    return key?.length === SOLANA_BYTES ? [text, toHex(key)] : null;
  }
  const lower = text.toLowerCase();
  const isOneCase = text === lower || text === text.toUpperCase(); // BIP 173 forbids mixed case
  if (isOneCase && SEGWIT[chain] && isSegwitAddress(lower, SEGWIT[chain])) {
    return [lower, lower.slice(SEGWIT[chain].length + 2, -6)];
  }
  const body = base58checkDecode(text, chain === "ripple" ? RIPPLE : BITCOIN);
  const isKnown = VERSIONS[chain]?.some(
    (version) =>
      body?.length === version.length + HASH_BYTES &&
      version.every((byte, index) => byte === body[index]),
  );
  return isKnown ? [text, toHex(body.slice(-HASH_BYTES))] : null;
}

function hexadecimal(text) {
  const digits = HEXADECIMAL.exec(text)?.[1];
  if (digits === undefined) return null;
  const lower = digits.toLowerCase();
  const isUnchecked = digits === lower || digits === lower.toUpperCase();
  return isUnchecked || digits === eip55(lower) ? [`0x${lower}`, lower] : null;
}

/** Say whether two thirds are one digit or a group repeats, as in no hash that came about. */
function isPatterned(digits) {
  const most = Math.max(...[...new Set(digits)].map((digit) => digits.split(digit).length - 1));
  if (3 * most >= 2 * digits.length) return true;
  for (let size = 1; size <= digits.length / 2; size += 1) {
    if (digits.slice(size) === digits.slice(0, -size)) return true;
  }
  return false;
}

const toHex = (bytes) => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
