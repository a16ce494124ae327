import base64
import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from app.people.models import Person

LIFE: Final = timedelta(hours=72)
_BYTES: Final = 15  # 120 bits, 24 characters
_GROUP: Final = 6


def start(person: Person, *, now: datetime) -> str:
    """Give `person` a new one-time code, in place of an older one; returns it to be shown once."""
    text = base64.b32encode(secrets.token_bytes(_BYTES)).decode()
    person.enrolment_digest = digest_of(text)
    person.enrolment_expires_at = now + LIFE
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def digest_of(code: str) -> bytes:
    """Return what is stored of a code, however it was typed."""
    plain = code.replace("-", "").replace(" ", "").upper()
    return hashlib.sha256(b"joinder/v1/enrolment\0" + plain.encode()).digest()


def spend(person: Person) -> None:
    """Take the code away: it was used, or it must not be any more."""
    person.enrolment_digest = None
    person.enrolment_expires_at = None
