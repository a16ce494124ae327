"""What an office runs: it tokenizes and posts; raw identifiers never leave the office.

from app.client import Case, PersonName, RegistryClient, Subject, read_config

with RegistryClient(read_config(Path("joinder-client.toml"))) as client:
    for result in client.put_cases(cases):
        ...
"""

from app.client.cases import Address, Case, CaseResult, Identifier, Subject
from app.client.config import ClientConfig, read_config
from app.client.errors import (
    ClientError,
    ProblemError,
    TemporaryError,
    TrustError,
    UsageError,
)
from app.client.registry import RegistryClient
from app.identifiers.match_keys import PersonName

__all__ = [
    "Address",
    "Case",
    "CaseResult",
    "ClientConfig",
    "ClientError",
    "Identifier",
    "PersonName",
    "ProblemError",
    "RegistryClient",
    "Subject",
    "TemporaryError",
    "TrustError",
    "UsageError",
    "read_config",
]
