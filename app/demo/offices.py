"""The demo's two offices: added by the operator, each with a client of its own."""

from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import OPERATOR
from app.accounts import service as accounts
from app.client import config as client_config
from app.client.clock import SystemClock
from app.client.config import ClientConfig
from app.client.credentials import create_private_key, public_jwk, read_private_key
from app.client.exchange import Exchange
from app.client.pins import check_tables, fetch_keys, pin
from app.core.clock import utc_now
from app.offices import queries as office_queries
from app.offices import service as offices
from app.offices.schemas import AgreementSign, CommitmentSign, OfficeAdd, OfficeKind
from app.quotas import service as quotas

BACKLOG_ELEMENTS: Final = 100_000
"""More of each class than 5,000 records have; the daily allowance is for daily work."""


@dataclass(frozen=True)
class DemoOffice:
    """An openly invented office and the export that it pushes."""

    code: str
    name: str
    state: str
    export: str = ""
    """The file that it pushes; empty: it has none of the measured data."""
    kind: OfficeKind = "local"
    committed_for: int | None = None
    """Days that its leadership's commitment still stands; less than 0: since it lapsed."""


OFFICES = (
    DemoOffice("DEMO-ALDER", "Alder County District Attorney (demo)", "CA", "dataset4a.csv"),
    DemoOffice("DEMO-BIRCH", "Birch County District Attorney (demo)", "NV", "dataset4b.csv"),
)

STATE = (
    DemoOffice("DEMO-CEDAR", "Cedar County District Attorney", "CA", committed_for=400),
    DemoOffice("DEMO-DOGWOOD", "Dogwood County District Attorney", "CA", committed_for=30),
    DemoOffice("DEMO-ELM", "Elm County Prosecuting Attorney", "CA", committed_for=-20),
    DemoOffice("DEMO-FIR", "Fir County District Attorney", "CA"),
    DemoOffice(
        "DEMO-AG",
        "Attorney General, Trafficking Unit",
        "CA",
        kind="attorney_general",
        committed_for=300,
    ),
    DemoOffice("DEMO-GROVE", "Grove County District Attorney", "CA"),
    DemoOffice("DEMO-HAZEL", "Hazel County District Attorney", "CA"),
    DemoOffice("DEMO-IRONWOOD", "Ironwood County State's Attorney", "CA"),
    DemoOffice("DEMO-JUNIPER", "Juniper County District Attorney", "CA"),
    DemoOffice("DEMO-LAUREL", "Laurel County District Attorney", "CA"),
    DemoOffice("DEMO-MAPLE", "Maple County Prosecuting Attorney", "CA"),
    DemoOffice("DEMO-OAK", "Oak County District Attorney", "CA"),
)
"""A dozen offices of one invented state, for looking at the pages; state.py has their cases."""

AT_THE_TABLE = (
    *OFFICES,
    DemoOffice("DEMO-CEDAR", "Cedar County District Attorney (demo)", "CA", "dataset4b.csv"),
    DemoOffice("DEMO-AG", "Attorney General (demo)", "CA", "", "attorney_general"),
)
"""Those of the whole matter; the last one posts nothing."""


def create_keys(directory: Path, whom: Sequence[DemoOffice] = OFFICES) -> dict[str, dict[str, str]]:
    """Make each office's private key below `directory`, as the office would; return public keys."""
    paths = {office.code: _home(directory, office) / client_config.KEY_NAME for office in whom}
    return {
        code: public_jwk(read_private_key(path) if path.exists() else create_private_key(path))
        for code, path in paths.items()
    }


async def add_offices(
    session: AsyncSession, keys: dict[str, dict[str, str]], whom: Sequence[DemoOffice] = OFFICES
) -> dict[str, str]:
    """Add the offices with agreements in force and register their clients; return client ids."""
    now = utc_now()
    signed = (now - timedelta(days=1)).date()
    ids = {}
    known = set(await office_queries.list_codes(session))
    for office in whom:
        added = OfficeAdd(
            code=office.code,
            name=office.name,
            kind=office.kind,
            state=office.state,
            contact_title="Duty deputy",
            contact_phone="+1 415 555 0100",
            contact_email=f"{office.code.lower()}@example.com",
        )
        agreement = AgreementSign(
            version="demo", signatory="District Attorney", signed_on=signed, effective_on=signed
        )
        if office.code not in known:
            await offices.add_office(session, OPERATOR, added, now=now)
            await offices.sign_agreement(session, OPERATOR, office.code, agreement)
            if office.committed_for is not None:
                promise = CommitmentSign(
                    trafficking_type="both",
                    signatory="District Attorney",
                    signed_on=signed - timedelta(days=200),
                    lapses_on=signed + timedelta(days=office.committed_for),
                )
                await offices.sign_commitment(session, OPERATOR, office.code, promise)
            if office.export:
                await quotas.open_import(
                    session,
                    OPERATOR,
                    office.code,
                    elements=BACKLOG_ELEMENTS,
                    ends_at=now + timedelta(days=1),
                    now=now,
                )
        client_id = await accounts.add_client(
            session, OPERATOR, office.code, keys[office.code], label="demo", now=now
        )
        ids[office.code] = str(client_id)
    return ids


def are_ours(codes: Collection[str]) -> bool:
    """Return whether these are the codes of no office but the demo's."""
    return set(codes) <= {office.code for office in (*AT_THE_TABLE, *STATE)}


def configure(
    directory: Path, registry: str, ids: dict[str, str], whom: Sequence[DemoOffice] = OFFICES
) -> list[ClientConfig]:
    """Write each office's `joinder-client.toml` with the evaluator's keys pinned."""
    return [_configure(_home(directory, office), registry, ids[office.code]) for office in whom]


def _configure(home: Path, registry: str, client_id: str) -> ClientConfig:
    config = replace(client_config.new_config(home, registry), client_id=client_id)
    with closing(Exchange(config, None, clock=SystemClock())) as exchange:
        keys = fetch_keys(exchange, config)
    check_tables(keys)
    config = pin(config, keys)
    client_config.write_config(config)
    return config


def _home(directory: Path, office: DemoOffice) -> Path:
    home = directory / office.code.lower()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return home
