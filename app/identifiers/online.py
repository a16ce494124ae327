"""What people are reached by on the internet: e-mail, web addresses, accounts, advertisements.

Every result is printable ASCII, so that implementations cannot differ in how they compare letters.
"""

import re
import unicodedata
from typing import Final

import idna

from app.identifiers.errors import IdentifierError
from app.identifiers.services import SHARED_HOSTS, require_service
from app.identifiers.texts import BLANKS, compact, refuse_placeholder

_LOCAL: Final = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
"""RFC 5321 dot-string, any dots; quoted and non-ASCII local parts are not read."""

_HOST: Final = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])")
_LETTERS: Final = (
    r"a-z0-9\u00df-\u00f6\u00f8-\u00ff\u0101-\u0131\u0135-\u013e\u0142-\u0148\u014b-\u017e"
    r"\u03ac-\u03ce\u0430-\u045f\u3041-\u3096\u30a1-\u30fa\u30fc\u4e00-\u9fa5\uac00-\ud7a3"
)
"""Letters of Latin, Greek, Cyrillic, kana, Han and hangul that every release of IDNA leaves as they
are. Of what it maps, and of right-to-left scripts, implementations know different rules."""

_LABEL: Final = rf"(?!..--)[{_LETTERS}](?:[{_LETTERS}-]*[{_LETTERS}])?"
_INTERNATIONAL: Final = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")
_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})

_URL: Final = re.compile(
    r"(?:https?://(?:[^/?#@]*@)?)?([^/?#:@]+)(?::([0-9]{0,5}))?(/[^?#]*)?(?:\?([^#]*))?(?:#.*)?",
    re.IGNORECASE | re.ASCII,  # or Python takes U+017F for an s
)
_NEVER_IN_A_URL: Final = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]")
_DEFAULT_PORTS: Final = frozenset({"", "80", "443"})
_TRACKING: Final = re.compile(
    r"utm_.*|fbclid|gclid|dclid|gbraid|wbraid|msclkid|twclid|ttclid|yclid|igsh|igshid|mc_cid|mc_eid|si",
    re.IGNORECASE | re.ASCII,  # or Python takes U+017F for an s
)
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")

_PROFILE: Final = re.compile(r"(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,})/([^?#]*).*")
_PROFILE_WORDS: Final = frozenset({"add", "c", "channel", "in", "u", "user", "users"})
_NOT_ACCOUNTS: Final = frozenset(
    """accounts company direct events explore groups hashtag help home home.php i intent invite
    joinchat login login.php marketplace messages notifications p pages people permalink.php
    photo.php photos profile.php r reel reels s search settings share sharer sharer.php shorts
    signup status stories story.php tag watch""".split()  # noqa: SIM905 -- a list
)
"""Where a link leads to something else than the page of an account."""

_ACCOUNT: Final = re.compile(r"[a-z0-9._#-]{1,64}")
_ACCOUNT_NUMBER: Final = re.compile(r"[0-9]{3,25}")
_AD: Final = re.compile(r"(?=.*[0-9])[A-Z0-9]{4,64}")


def normalize_email(raw: str) -> str:
    """Return an e-mail address in lower case, its domain in ASCII.

    At Gmail dots and what follows a plus mean nothing, so they go.

    Raises:
        IdentifierError: `email-unreadable`, or `value-placeholder`, as for unknown@example.com.
    """
    text = raw.strip(BLANKS).lower().removeprefix("mailto:").strip("<>")
    local, _, host = text.rpartition("@")
    host = normalize_host(host, "email-unreadable")
    if host in _GMAIL:
        local, host = local.partition("+")[0].replace(".", ""), "gmail.com"
    if not _LOCAL.fullmatch(local) or not re.search(r"[a-z0-9]", local):
        raise IdentifierError("email-unreadable")
    refuse_placeholder(local)
    return f"{local}@{host}"


def normalize_host(text: str, code: str) -> str:
    """Return a domain in lower-case ASCII (IDNA 2008); right-to-left ones as xn-- only.

    Raises:
        IdentifierError: `code`, if it is no domain of two labels or more.
    """
    host = text.lower().removesuffix(".")
    if not host.isascii():
        host = unicodedata.normalize("NFC", host)
        if not _INTERNATIONAL.fullmatch(host):
            raise IdentifierError(code)
        try:
            host = idna.encode(host).decode()
        except UnicodeError:  # idna.IDNAError, too long
            raise IdentifierError(code) from None
    if not _HOST.fullmatch(host):
        raise IdentifierError(code)
    return host


def normalize_url(raw: str) -> str:
    """Return a web address as host, path and query, without what changes nothing.

    Scheme, user, `www.`, default ports, fragment, tracking parameters and a slash at the end go;
    parameters are sorted; escapes are spelled in one way. Letters of the path keep their case.

    Raises:
        IdentifierError: `url-unreadable`; `url-of-everyone` for a platform's front page.
    """
    text = raw.strip(BLANKS)
    match = _URL.fullmatch(text)
    if match is None or _NEVER_IN_A_URL.search(text):
        raise IdentifierError("url-unreadable")
    host = normalize_host(match[1], "url-unreadable").removeprefix("www.")
    port = "" if (match[2] or "") in _DEFAULT_PORTS else f":{match[2]}"
    path = _escaped(match[3] or "").rstrip("/")
    parameters = sorted(
        part
        for part in _escaped(match[4] or "").split("&")
        if part and not _TRACKING.fullmatch(part.partition("=")[0])
    )
    if host in SHARED_HOSTS and not path and not parameters:
        raise IdentifierError("url-of-everyone")
    return host + port + path + ("?" if parameters else "") + "&".join(parameters)


def normalize_handle(raw: str, platform: str) -> tuple[str, str]:
    """Return a platform and an account name on it, without @ and in lower case.

    A link to the profile is read too, and then names the platform if nothing does. On Facebook
    dots in the name mean nothing, so they go.

    Raises:
        IdentifierError: `platform-unknown`, `handle-unreadable` or `value-placeholder`.
    """
    link = _PROFILE.fullmatch(raw.strip(BLANKS).lower())
    named = platform if platform.strip(BLANKS) or link is None else link[1]
    name = require_service(named, "platforms", "platform-unknown")
    account = account_name(raw, "handle-unreadable")
    return name, account.replace(".", "") if name == "facebook" else account


def normalize_handle_id(raw: str, platform: str) -> tuple[str, str]:
    """Return a platform and the number that it gave an account, which a new name does not change.

    Raises:
        IdentifierError: `platform-unknown`, `handle-id-unreadable` or `value-placeholder`.
    """
    name = require_service(platform, "platforms", "platform-unknown")
    number = raw.strip(BLANKS)
    if not _ACCOUNT_NUMBER.fullmatch(number):
        raise IdentifierError("handle-id-unreadable")
    return name, compact(number)


def normalize_ad(raw: str, site: str) -> tuple[str, str]:
    """Return an advertisement site and the number of an advertisement on it.

    Raises:
        IdentifierError: `site-unknown`, `ad-unreadable`, or as `texts.compact`.
    """
    name = require_service(site, "sites", "site-unknown")
    number = compact(raw)
    if not _AD.fullmatch(number):
        raise IdentifierError("ad-unreadable")
    return name, number


def account_name(raw: str, code: str) -> str:
    """Return an account name in lower case, without a leading @ or $, also from a link to it.

    Raises:
        IdentifierError: `code`, or `value-placeholder`.
    """
    text = raw.strip(BLANKS).lower()
    if match := _PROFILE.fullmatch(text):
        steps = [step for step in match[2].split("/") if step and step not in _PROFILE_WORDS]
        text = steps[0] if steps and steps[0] not in _NOT_ACCOUNTS else ""
    name = text.lstrip("@$")
    if not _ACCOUNT.fullmatch(name) or not re.search(r"[a-z0-9]", name):
        raise IdentifierError(code)
    refuse_placeholder(name)
    return name


def _escaped(text: str) -> str:
    """Spell escapes in one way: unreserved characters plain, others as %XX (RFC 3986 6.2.2)."""
    escaped = "".join(
        letter if letter.isascii() else "".join(f"%{byte:02X}" for byte in letter.encode())
        for letter in text
    )

    def spell(match: re.Match[str]) -> str:
        letter = chr(int(match[1], 16))
        return letter if _UNRESERVED.fullmatch(letter) else match[0].upper()

    return _ESCAPE.sub(spell, escaped)
