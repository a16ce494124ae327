"""Time-based one-time passwords: RFC 6238 with SHA-1, 30 seconds, six digits, as every app has."""

import base64
import hmac
from datetime import datetime
from typing import Final
from urllib.parse import quote

SECRET_BYTES: Final = 20  # RFC 4226 section 4, R6
_STEP_SECONDS: Final = 30
_DRIFT_STEPS: Final = 1
_DIGITS: Final = 6


def code_at(secret: bytes, step: int) -> str:
    """Return the six digits of time step `step` (RFC 4226 section 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"


def step_at(now: datetime) -> int:
    """Return the time step of `now`."""
    return int(now.timestamp()) // _STEP_SECONDS


def step_of(secret: bytes, code: str, *, now: datetime) -> int | None:
    """Return the time step that `code` belongs to, one step early or late at most, else None.

    The caller must take a step only once.
    """
    present = step_at(now)
    steps = range(present - _DRIFT_STEPS, present + _DRIFT_STEPS + 1)
    found = [step for step in steps if hmac.compare_digest(code_at(secret, step), code)]
    return max(found, default=None)


def address(secret: bytes, *, account: str, office: str) -> str:
    """Return the `otpauth` address that an authenticator app reads from a QR code."""
    label = quote(f"Joinder {office}:{account}")
    return f"otpauth://totp/{label}?secret={text(secret)}&issuer={quote(f'Joinder {office}')}"


def text(secret: bytes) -> str:
    """Return the secret as Base32, to be typed."""
    return base64.b32encode(secret).decode()
