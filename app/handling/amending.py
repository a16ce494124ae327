"""Changes of an agreement in force: a later end, an office that joins, one that leaves.

Each is a version of the terms that leadership of every party signs (signing.py).
"""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.core.errors import FieldProblem
from app.handling import queries, steps
from app.handling.asking import SAME_OFFICES, OfficeChange, add_terms, check_terms
from app.handling.errors import TermsRefusedError
from app.handling.machine import Transition
from app.handling.reads import HandlingRead
from app.handling.rendering import present
from app.handling.terms import Terms
from app.handling.walls import refused_parties

MOST_PARTIES: Final = 9


async def extend(
    session: AsyncSession,
    principal: Principal,
    row: asyncpg.Record,
    taken: Transition,
    ends_on: date,
    *,
    now: datetime,
) -> HandlingRead:
    """Propose a later end.

    Raises:
        TermsRefusedError: it is no later, or too late.
    """
    if ends_on <= row["ends_on"]:
        problem = FieldProblem("/ends_on", "end", TermsRefusedError.default_detail)
        raise TermsRefusedError(problems=(problem,))
    terms = terms_under_lead(row).model_copy(update={"ends_on": ends_on})
    return await change_terms(session, principal, row, taken, terms, now=now)


async def admit(
    session: AsyncSession,
    principal: Principal,
    row: asyncpg.Record,
    taken: Transition,
    code: str,
    *,
    now: datetime,
) -> HandlingRead:
    """Propose that another office joins; the database tells it when all others have signed.

    Raises:
        PartiesRefusedError: it takes no part, is or was a party, there are too many, or a wall of
            the caller's office keeps it from its case.
    """
    known = await queries.find_participants(session, [code], today=now.date())
    joined = {each["office_id"] for each in row["parties"] if not _only_asked(each)}
    if code not in known or known[code] in joined or row["parties"][-1]["number"] >= MOST_PARTIES:
        raise refused_parties("/office", "cannot-join")
    return await change_terms(
        session,
        principal,
        row,
        taken,
        terms_under_lead(row),
        change=OfficeChange(joins=known[code]),
        now=now,
    )


def _only_asked(party: dict[str, Any]) -> bool:
    return party["first_terms"] > 0 and party["joined_at"] is None


def terms_under_lead(row: asyncpg.Record) -> Terms:
    """Return the terms in force, under the office that leads by now."""
    lead = next(p for p in present(row) if p["office_id"] == row["lead_office_id"])
    terms = Terms.model_validate(row["agreed_terms"])
    return terms.model_copy(update={"lead": lead["number"]})


async def change_terms(
    session: AsyncSession,
    principal: Principal,
    row: asyncpg.Record,
    taken: Transition,
    terms: Terms,
    *,
    now: datetime,
    change: OfficeChange = SAME_OFFICES,
    **values: Any,
) -> HandlingRead:
    """Put the next version on the table, which the caller's office accepts by that.

    Raises:
        TermsRefusedError: a term names no party, or ends too late.
        PartiesRefusedError: see `within_walls`; never of a version with which an office leaves.
    """
    number = row["terms_number"] + 1
    check_terms(terms, row["parties"][-1]["number"], now=now, number=number)
    await add_terms(
        session,
        principal,
        row["id"],
        number,
        terms,
        change=change,
        now=now,
    )
    await queries.set_accepted(session, principal.office_id, row["id"], number, now=now)
    said = {name: office for name, office in asdict(change).items() if office is not None}
    return await steps.finish(
        session,
        principal,
        row,
        taken,
        now=now,
        detail={"terms": number, **said},
        terms_number=number,
        answered_at=now,
        **values,
    )
