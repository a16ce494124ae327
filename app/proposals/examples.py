from typing import Any, Final

_SIGNED: Final[dict[str, Any]] = {
    "version": "2026-1",
    "signatory": "District Attorney",
    "signed_on": "2026-03-02",
    "effective_on": "2026-03-02",
    "ends_on": "2027-03-02",
}
_NAMED: Final[dict[str, Any]] = {
    "issuer": "https://login.office.example",
    "client_id": "joinder",
    "acr_values": ["urn:example:two-factors"],
}
_WAITING: Final[dict[str, Any]] = {
    "id": "prp_0198a3c0b1c27d3e8f90a1b2c3d4e5fa",
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "proposed_by": "person:0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
    "proposed_at": "2026-03-02T15:04:05.123456Z",
    "expires_at": "2026-03-03T15:04:05.123456Z",
    "is_ended": False,
}
_AGREEMENT: Final = {**_WAITING, "agreement": _SIGNED}
_PROVIDER: Final = {**_WAITING, "provider": _NAMED}

EXAMPLES: Final[dict[str, Any]] = {
    "AgreementSign": _SIGNED,
    "AgreementProposalRead": _AGREEMENT,
    "AgreementProposalList": {"items": [_AGREEMENT]},
    "ProviderName": _NAMED,
    "ProviderProposalRead": _PROVIDER,
    "ProviderProposalList": {"items": [_PROVIDER]},
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
