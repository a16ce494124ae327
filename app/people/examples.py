from typing import Any, Final

_SIGN_IN: Final[dict[str, Any]] = {
    "person_id": "psn_0198a1b2c3d47e5f8a9b0c1d2e3f4a5b",
    "office": "CA019000A",
    "account": "duty.deputy",
    "name": "Duty deputy",
    "roles": ["prosecutor"],
    "next_step": "acknowledge_banner",
    "proved_at": None,
    "ends_at": "2026-03-02T05:00:00Z",
    "idle_seconds": 1800,
    "csrf_token": "jHs0nN8Yl3mXqVtEoT0eZk4S2Jt0o2yqk9aP8h0W1dE",
}
_NOTICE: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_CREDENTIAL: Final[dict[str, Any]] = {
    "id": "Y3JlZGVudGlhbA",
    "rawId": "Y3JlZGVudGlhbA",
    "type": "public-key",
    "response": {"clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "AAAA"},
}

EXAMPLES: Final[dict[str, Any]] = {
    "BannerRead": {"text": "This system is for authorized use only.", "sha256": _NOTICE},
    "BannerAcknowledge": {"sha256": _NOTICE},
    "SignInRead": _SIGN_IN,
    "PasswordSignIn": {
        "office": "CA019000A",
        "account": "duty.deputy",
        "password": "four plain words together",
    },
    "EnrolmentUse": {
        "code": "ABCDEF-GHIJKL-MNOPQR-STUVWX",
        "password": "four plain words together",
    },
    "PasswordChange": {"password": "four other words together"},
    "PasskeyOptions": {
        "public_key": {"challenge": "AAAA", "rpId": "registry.example", "timeout": 60000}
    },
    "PasskeyAnswer": {"credential": _CREDENTIAL},
    "PasskeyAdd": {"label": "Desk", "credential": _CREDENTIAL},
    "FactorGive": {"totp": "123456"},
    "TotpOffer": {
        "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        "address": "otpauth://totp/Joinder?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        "offer": "c2VhbGVk",
    },
    "TotpRegister": {"offer": "c2VhbGVk", "code": "123456"},
    "FactorsRead": {
        "has_password": True,
        "has_totp": True,
        "passkeys": [{"id": "Y3JlZGVudGlhbA", "label": "Desk", "added_at": "2026-03-01T17:00:00Z"}],
        "recovery_codes_left": 10,
    },
    "FactorRegistered": {"recovery_codes": ["ABCDEFGHIJKLMNOP"], "sign_in": _SIGN_IN},
    "ProviderSignIn": {"office": "CA019000A"},
    "ProviderAddress": {"address": "https://login.example/authorize?response_type=code"},
    "ProviderAnswer": {"state": "c3RhdGU", "code": "Y29kZQ"},
    "SignedOut": {"ended": 1},
    "PersonAdd": {"account": "duty.deputy", "name": "Duty deputy", "roles": ["prosecutor"]},
    "RolesSet": {"roles": ["analyst"]},
    "PersonDisable": {"is_disabled": True},
    "EnrolmentStart": {"forget_factors": True},
    "EnrolmentRead": {
        "person_id": "psn_0198a1b2c3d47e5f8a9b0c1d2e3f4a5b",
        "code": "ABCDEF-GHIJKL-MNOPQR-STUVWX",
        "expires_at": "2026-03-04T17:00:00Z",
    },
}
"""Examples by name of schema, for the OpenAPI document; everything in them is made up."""
