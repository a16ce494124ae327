"""Match keys of everything but names, phones and addresses: one value of a kind, and whose it is.

Many kinds say little without an issuer, such as the state of a plate; `Kind.of` names it.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from app.identifiers.birth_dates import parse_birth_date
from app.identifiers.documents import (
    normalize_fbi,
    normalize_itin,
    normalize_last_four,
    normalize_license,
    normalize_passport,
    normalize_sid,
    normalize_ssn,
)
from app.identifiers.errors import IdentifierError
from app.identifiers.match_keys import MatchKey, PersonName
from app.identifiers.money import normalize_account, normalize_payment, normalize_wallet
from app.identifiers.names import normalize_name, soundex
from app.identifiers.online import (
    normalize_ad,
    normalize_email,
    normalize_handle,
    normalize_handle_id,
    normalize_url,
)
from app.identifiers.organizations import (
    normalize_certification,
    normalize_fein,
    normalize_organization,
    normalize_registration,
)
from app.identifiers.texts import refuse_placeholder
from app.identifiers.vehicles import normalize_imei, normalize_plate, normalize_vin

_ALONE: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "email": normalize_email,
        "url": normalize_url,
        "imei": normalize_imei,
        "vin": normalize_vin,
        "ssn": normalize_ssn,
        "itin": normalize_itin,
        "fbi": normalize_fbi,
        "fein": normalize_fein,
    }
)
"""Kinds whose value is the whole key."""

_ISSUED: Final[Mapping[str, Callable[[str, str], tuple[str, str]]]] = MappingProxyType(
    {
        "handle": normalize_handle,
        "handle_id": normalize_handle_id,
        "ad": normalize_ad,
        "pay": normalize_payment,
        "wallet": normalize_wallet,
        "acct": normalize_account,
        "plate": normalize_plate,
        "dl": normalize_license,
        "passport": normalize_passport,
        "sid": normalize_sid,
        "flc": normalize_registration,
        "job": normalize_certification,
    }
)
"""Kinds whose key is the issuer and the value."""

VALUE_KINDS: Final = (*_ALONE, *_ISSUED, "org")
"""The kinds that `identifier_keys` reads."""


def identifier_keys(kind: str, value: str, of: str = "") -> tuple[MatchKey, ...]:
    """Derive the match keys of one value: one, but of a firm as many as it has names.

    An ITIN given as a Social Security number makes a key of its own kind.

    Args:
        kind: one of `VALUE_KINDS`.
        value: as the office has it.
        of: what `Kind.of` names, such as the state; ignored where it names nothing.

    Raises:
        IdentifierError: the value or `of` cannot be read, or stands for nothing.
    """
    refuse_placeholder(value)
    if kind == "org":
        return tuple(MatchKey("org", fields) for fields in normalize_organization(value, of))
    if kind in _ISSUED:
        return (MatchKey(kind, _ISSUED[kind](value, of)),)
    field = _ALONE[kind](value)
    is_itin = kind == "ssn" and field.startswith("9")
    return (MatchKey("itin" if is_itin else kind, (field,)),)


def last_four_keys(value: str, names: Iterable[PersonName]) -> tuple[MatchKey, ...]:
    """Derive match keys of the last four digits of a Social Security number.

    Each is bound to the sound of a surname, or of a part of a compound one, and a year of birth:
    four digits alone could be read back by counting.

    Raises:
        IdentifierError: `ssn4-unreadable`, `ssn-placeholder`; `ssn4-alone` without a surname and
            a year of birth; or what a name or date may be refused for.
    """
    digits = normalize_last_four(value)
    known = [
        (normalize_name(name.given, name.surname, name.middle), parse_birth_date(name.born).year)
        for name in names
    ]
    keys = dict.fromkeys(
        MatchKey("ssn4", (digits, soundex(last), year))
        for name, year in known
        for last in (name.last, *name.parts)
        if last and year
    )
    if not keys:
        raise IdentifierError("ssn4-alone")
    return tuple(keys)
