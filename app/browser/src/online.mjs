// What people are reached by on the internet: e-mail, web addresses, accounts, advertisements.
import { IdentifierError } from "./errors.mjs";
import { whole } from "./patterns.mjs";
import { SHARED_HOSTS, requireService } from "./services.mjs";
import { compact, refusePlaceholder, trim } from "./texts.mjs";

const LOCAL = whole("[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}");
const HOST = whole("(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\\.)+[a-z](?:[a-z0-9-]*[a-z0-9])");
const GMAIL = new Set(["gmail.com", "googlemail.com"]);

// As app/identifiers/online.py: letters that every release of IDNA maps to themselves.
const LETTER =
  "a-z0-9\\u00df-\\u00f6\\u00f8-\\u00ff\\u0101-\\u0131\\u0135-\\u013e\\u0142-\\u0148\\u014b-\\u017e" +
  "\\u03ac-\\u03ce\\u0430-\\u045f\\u3041-\\u3096\\u30a1-\\u30fa\\u30fc\\u4e00-\\u9fa5\\uac00-\\ud7a3";
const INTERNATIONAL = whole(
  `(?:(?!..--)[${LETTER}](?:[${LETTER}-]*[${LETTER}])?\\.)+(?!..--)[${LETTER}](?:[${LETTER}-]*[${LETTER}])?`,
);
const LONGEST_HOST = 253;
const LONGEST_LABEL = 63;

const URL_PARTS =
  /^(?:https?:\/\/(?:[^/?#@]*@)?)?([^/?#:@]+)(?::([0-9]{0,5}))?(\/[^?#]*)?(?:\?([^#]*))?(?:#.*)?$/is;
const NOT_IN_A_URL = /[\x00-\x20\x7f\ud800-\udfff]/u; // with `u`: surrogates without the other one
const DEFAULT_PORTS = new Set(["", "80", "443"]);
const TRACKING = whole(
  "utm_.*|fbclid|gclid|dclid|gbraid|wbraid|msclkid|twclid|ttclid|yclid|igsh|igshid|mc_cid|mc_eid|si",
  "i",
);
const PROFILE = /^(?:https?:\/\/)?((?:[a-z0-9-]+\.)+[a-z]{2,})\/([^?#]*)[^\n]*$/;
const PROFILE_WORDS = new Set(["add", "c", "channel", "in", "u", "user", "users"]);
const NOT_ACCOUNTS = new Set(
  (
    "accounts company direct events explore groups hashtag help home home.php i intent invite " +
    "joinchat login login.php marketplace messages notifications p pages people permalink.php " +
    "photo.php photos profile.php r reel reels s search settings share sharer sharer.php shorts " +
    "signup status stories story.php tag watch"
  ).split(" "),
);
const ACCOUNT = whole("[a-z0-9._#-]{1,64}");
const ACCOUNT_NUMBER = whole("[0-9]{3,25}");
const AD = whole("(?=.*[0-9])[A-Z0-9]{4,64}");

/** Return an e-mail address in lower case, its domain in ASCII. */
export function normalizeEmail(raw) {
  const text = trim(raw)
    .toLowerCase()
    .replace(/^mailto:/, "")
    .replace(/^[<>]+|[<>]+$/g, "");
  const at = text.lastIndexOf("@");
  let local = text.slice(0, Math.max(at, 0));
  let host = normalizeHost(text.slice(at + 1), "email-unreadable");
  if (GMAIL.has(host)) {
    local = local.split("+", 1)[0].replaceAll(".", "");
    host = "gmail.com";
  }
  if (!LOCAL.test(local) || !/[a-z0-9]/.test(local)) throw new IdentifierError("email-unreadable");
  refusePlaceholder(local);
  return `${local}@${host}`;
}

/** Return a domain in lower-case ASCII, or refuse with `code`. */
export function normalizeHost(text, code) {
  let host = text.toLowerCase().replace(/\.$/, "");
  if (/[^\0-\x7f]/.test(host)) {
    host = host.normalize("NFC");
    if (!INTERNATIONAL.test(host)) throw new IdentifierError(code);
    host = asciiHost(host);
  }
  if (!HOST.test(host)) throw new IdentifierError(code);
  return host;
}

/** Return a web address as host, path and query, without what changes nothing. */
export function normalizeUrl(raw) {
  const text = trim(raw);
  const match = URL_PARTS.exec(text);
  if (!match || NOT_IN_A_URL.test(text)) throw new IdentifierError("url-unreadable");
  const host = normalizeHost(match[1], "url-unreadable").replace(/^www\./, "");
  const port = DEFAULT_PORTS.has(match[2] ?? "") ? "" : `:${match[2]}`;
  const path = escaped(match[3] ?? "").replace(/\/+$/, "");
  const parameters = escaped(match[4] ?? "")
    .split("&")
    .filter((part) => part && !TRACKING.test(part.split("=", 1)[0]))
    .sort();
  if (SHARED_HOSTS.has(host) && !path && !parameters.length) {
    throw new IdentifierError("url-of-everyone");
  }
  return host + port + path + (parameters.length ? "?" : "") + parameters.join("&");
}

/** Return a platform and an account name on it, without @ and in lower case. */
export function normalizeHandle(raw, platform) {
  const link = PROFILE.exec(trim(raw).toLowerCase());
  const named = trim(platform) || !link ? platform : link[1];
  const name = requireService(named, "platforms", "platform-unknown");
  const account = accountName(raw, "handle-unreadable");
  return [name, name === "facebook" ? account.replaceAll(".", "") : account];
}

/** Return a platform and the number that it gave an account, which a new name does not change. */
export function normalizeHandleId(raw, platform) {
  const name = requireService(platform, "platforms", "platform-unknown");
  const number = trim(raw);
  if (!ACCOUNT_NUMBER.test(number)) throw new IdentifierError("handle-id-unreadable");
  return [name, compact(number)];
}

/** Return an advertisement site and the number of an advertisement on it. */
export function normalizeAd(raw, site) {
  const name = requireService(site, "sites", "site-unknown");
  const number = compact(raw);
  if (!AD.test(number)) throw new IdentifierError("ad-unreadable");
  return [name, number];
}

/** Return an account name in lower case, without a leading @ or $, also from a link to it. */
export function accountName(raw, code) {
  let text = trim(raw).toLowerCase();
  const match = PROFILE.exec(text);
  if (match) {
    const step = match[2].split("/").find((each) => each && !PROFILE_WORDS.has(each));
    text = step === undefined || NOT_ACCOUNTS.has(step) ? "" : step;
  }
  const name = text.replace(/^[@$]+/, "");
  if (!ACCOUNT.test(name) || !/[a-z0-9]/.test(name)) throw new IdentifierError(code);
  refusePlaceholder(name);
  return name;
}

/** Encode a domain of letters that IDNA leaves alone; the empty string if it is too long. */
function asciiHost(host) {
  const label = host.split(".").at(-1);
  if (/^[0-9]/.test(label)) return ""; // no top-level domain, and a URL would take it for an IP
  const encoded = new URL(`http://${host}`).hostname; // the platform knows Punycode
  const isLong = encoded.split(".").some((each) => each.length > LONGEST_LABEL);
  return isLong || encoded.length > LONGEST_HOST ? "" : encoded;
}

/** Spell escapes in one way: unreserved characters plain, others as %XX (RFC 3986 6.2.2). */
const escaped = (text) =>
  text
    .replace(/[^\0-\x7f]/gu, (letter) => encodeURIComponent(letter))
    .replace(/%([0-9A-Fa-f]{2})/g, (spelled, byte) => {
      const letter = String.fromCharCode(parseInt(byte, 16));
      return /[A-Za-z0-9._~-]/.test(letter) ? letter : spelled.toUpperCase();
    });
