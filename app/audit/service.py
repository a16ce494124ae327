import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.core.db import driver, enter

_INSERT: Final = """
INSERT INTO audit_entries
  (action, office_id, actor, object, recipients, detail, request_id, client_id)
SELECT action, $1, $2, object, recipients::int[], detail, $7, $8
FROM unnest($3::text[], $4::text[], $5::text[], $6::jsonb[])
     AS q (action, object, recipients, detail)
"""


_TALLY: Final = "tally"
"""Key in the information of a session whose entries are counted by office."""

_NOTHING: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True)
class Entry:
    """One effect or disclosure.

    Attributes:
        action: Noun and past participle, such as `case.posted`.
        target: The opaque id of what was acted on.
        recipients: Offices that learn something by it (28 CFR 23.20(g) asks for this record).
        detail: Opaque ids, counts and codes; never an identifier or a text.
    """

    action: str
    target: str
    recipients: Sequence[int] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)


async def record(
    session: AsyncSession,
    principal: Principal,
    action: str,
    target: str,
    *,
    recipients: Sequence[int] = (),
    detail: Mapping[str, Any] = _NOTHING,
) -> None:
    """Write one entry; see `Entry` and `record_each`."""
    await record_each(session, principal, [Entry(action, target, recipients, detail)])


async def record_of_office(
    session: AsyncSession,
    principal: Principal,
    office_id: int,
    action: str,
    target: str,
    *,
    recipients: Sequence[int] = (),
    detail: Mapping[str, Any] = _NOTHING,
) -> None:
    """Write one entry of what is done to an office where its auditor reads, the operator's too."""
    entry = Entry(action, target, recipients, detail)
    await record_of_offices(session, principal, [(office_id, entry)])


async def record_of_offices(
    session: AsyncSession, principal: Principal, entries: Iterable[tuple[int, Entry]]
) -> None:
    """Write entries of what is done to several offices, each where the auditor of its reads it."""
    of_offices: defaultdict[int, list[Entry]] = defaultdict(list)
    for office_id, entry in entries:
        of_offices[office_id].append(entry)
    for office_id, each in of_offices.items():
        concerned = replace(principal, office_id=office_id)
        if concerned != principal:
            await enter(session, concerned)
        await record_each(session, concerned, each)
        if concerned != principal:
            await enter(session, principal)


async def record_each(
    session: AsyncSession, principal: Principal, entries: Sequence[Entry]
) -> None:
    """Write the audit entries of effects or disclosures into their transaction, in one statement.

    No entry, no effect: when the insert fails, the transaction fails with it. The time is the
    database's.
    """
    tally: Counter[int] = session.info.get(_TALLY, Counter())
    tally.update(
        office_id
        for entry in entries
        for office_id in {principal.office_id, *entry.recipients} - {0}
    )
    await (await driver(session)).execute(
        _INSERT,
        principal.office_id,
        principal.actor,
        [entry.action for entry in entries],
        [entry.target for entry in entries],
        ["{" + ",".join(map(str, entry.recipients)) + "}" for entry in entries],
        [json.dumps(entry.detail) for entry in entries],
        principal.request_id,
        principal.client_id,
    )


def tally(session: AsyncSession) -> Counter[int]:
    """Return what counts, from now on, the entries of a session by the offices they concern."""
    counted: Counter[int] = Counter()
    session.info[_TALLY] = counted
    return counted
