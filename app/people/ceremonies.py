"""WebAuthn ceremonies (Level 3). The library's default does not ask for user verification; we do.

Imported when the first passkey is used (passkeys.py): the library takes 8 MB of each process.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import webauthn
from webauthn.helpers import base64url_to_bytes, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from app.people.gate import Gate
from app.people.models import Passkey
from app.people.queries import SignedIn

LIFE: Final = timedelta(minutes=5)


def request_options(gate: Gate, purpose: str, *, now: datetime) -> dict[str, Any]:
    """Return options of `navigator.credentials.get` for any passkey of this registry."""
    options = webauthn.generate_authentication_options(
        rp_id=gate.host,
        challenge=gate.seal.lend(purpose, until=now + LIFE),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return _as_json(webauthn.options_to_json(options))


def creation_options(
    gate: Gate, purpose: str, signed: SignedIn, known: Sequence[Passkey], *, now: datetime
) -> dict[str, Any]:
    """Return options of `navigator.credentials.create` for a device that is not in `known`."""
    options = webauthn.generate_registration_options(
        rp_id=gate.host,
        rp_name="Joinder",
        user_id=signed.person_id.bytes,
        user_name=f"{signed.account} ({signed.office})",
        user_display_name=signed.name,
        challenge=gate.seal.lend(purpose, until=now + LIFE),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(each.credential_id) for each in known],
    )
    return _as_json(webauthn.options_to_json(options))


def _as_json(text: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(text)
    return value


def challenge_of(credential: Mapping[str, Any]) -> bytes | None:
    """Return the challenge that an answer names, None when it names none."""
    try:
        client_data = base64url_to_bytes(credential["response"]["clientDataJSON"])
        return parse_client_data_json(client_data).challenge
    except Exception:  # noqa: BLE001 -- hostile input; whatever the library raises means no
        return None


def credential_id(credential: Mapping[str, Any]) -> bytes:
    """Return the id that an answer names, empty when it names none."""
    try:
        return base64url_to_bytes(credential["id"])
    except Exception:  # noqa: BLE001 -- as above
        return b""


def verify_new(
    gate: Gate, credential: Mapping[str, Any], challenge: bytes
) -> VerifiedRegistration | None:
    """Return the new credential, None unless this origin's user made it and was verified."""
    try:
        return webauthn.verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=gate.host,
            expected_origin=gate.origin,
            require_user_verification=True,
        )
    except Exception:  # noqa: BLE001 -- as above
        return None


def verified_count(
    gate: Gate, passkey: Passkey, credential: Mapping[str, Any], challenge: bytes
) -> int | None:
    """Return the new signature count, None unless `passkey` signed for a verified user."""
    try:
        holder = credential["response"].get("userHandle")
        if holder and base64url_to_bytes(holder) != passkey.person_id.bytes:
            return None
        return webauthn.verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=gate.host,
            expected_origin=gate.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        ).new_sign_count
    except Exception:  # noqa: BLE001 -- as above
        return None
