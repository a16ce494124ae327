from typing import Any, Final

EXAMPLES: Final[dict[str, Any]] = {
    "AccessTokenRequest": {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": "eyJhbGciOiJFUzI1NiIsImtpZCI6IuKApiJ9.eyJqdGkiOiLigKYifQ.c2lnbmF0dXJl",
        "scope": "cases:post overlaps:read",
        "resource": "https://registry.example",
    },
    "AccessTokenRead": {
        "access_token": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJqdGkiOiLigKYifQ.c2lnbmF0dXJl",
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": "cases:post overlaps:read",
    },
    "ClientKeyAdd": {
        "client_assertion": "eyJhbGciOiJFUzI1NiIsImtpZCI6IuKApiJ9.eyJqdGkiOiLigKYifQ.c2lnbmF0dXJl",
        "public_jwk": {
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
    },
    "ClientKeyEnd": {
        "client_assertion": "eyJhbGciOiJFUzI1NiIsImtpZCI6IuKApiJ9.eyJqdGkiOiLigKYifQ.c2lnbmF0dXJl",
    },
    "ClientKeyRead": {
        "kid": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        "added_at": "2026-02-01T08:00:00Z",
        "ended_at": None,
    },
    "OfficePage": {
        "items": [
            {
                "code": "CA019000A",
                "name": "Sample County District Attorney",
                "kind": "local",
                "state": "CA",
                "contacts": [
                    {
                        "role": "coordinator",
                        "title": "Duty deputy, trafficking unit",
                        "phone": "+1 415 555 0100",
                        "email": "duty@example.com",
                    },
                    {
                        "role": "backup",
                        "title": "Head of the unit",
                        "phone": "+1 415 555 0101",
                        "email": "unit@example.com",
                    },
                ],
                "commitments": [
                    {
                        "trafficking_type": "labor",
                        "signatory": "District Attorney",
                        "signed_on": "2026-01-05",
                        "lapses_on": "2027-01-05",
                        "has_lapsed": False,
                    }
                ],
            }
        ],
        "next_cursor": None,
    },
    "MeRead": {
        "client_id": "01980000-0000-7000-8000-00000000000a",
        "person_id": None,
        "office": "CA019000A",
        "name": "Sample County District Attorney",
        "scopes": ["cases:post", "cases:read", "overlaps:read"],
        "is_participating": True,
    },
    "AccessReview": {
        "office": "CA019000A",
        "made_at": "2026-03-01T17:00:00Z",
        "last_reviewed_at": "2025-03-01T17:00:00Z",
        "people": [
            {
                "person_id": "psn_0198a1b2c3d47e5f8a9b0c1d2e3f4a5b",
                "account": "duty.deputy",
                "name": "Duty deputy",
                "roles": ["auditor"],
                "permissions": ["people:review"],
                "factors": ["password", "totp", "recovery_codes"],
                "created_at": "2026-01-05T17:00:00Z",
                "last_signed_in_at": "2026-03-01T16:00:00Z",
                "disabled_at": None,
                "disabled_for": None,
            }
        ],
        "clients": [
            {
                "client_id": "01980000-0000-7000-8000-00000000000a",
                "label": "case-management export",
                "scopes": ["cases:post"],
                "created_at": "2026-01-05T17:00:00Z",
                "expires_on": "2028-03-02",
                "last_used_on": "2026-03-01",
                "revoked_at": None,
            }
        ],
    },
}
"""Examples by name of schema, for the OpenAPI document; everything in them is made up."""
