"""How a request comes about: it names its parties; a question is sent, an agreement drafted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.vocabulary import Rung
from app.audit import service as audit
from app.cases import ladder
from app.cases import queries as cases
from app.cases import service as cases_service
from app.cases.guard import find_in_citation
from app.core.errors import FieldProblem
from app.core.ids import new_id, parse_public_id, public_id
from app.handling import machine, queries, steps
from app.handling.errors import HandlingOpenError, TermsRefusedError
from app.handling.models import HandlingParty, HandlingRequest, HandlingTerms
from app.handling.reads import HandlingRead
from app.handling.rendering import render
from app.handling.schemas import AgreementAsk, HandlingAsk
from app.handling.terms import LONGEST, MOST_VERSIONS, Terms
from app.handling.walls import refused_parties, within_walls

Party = dict[str, Any]


@dataclass(frozen=True)
class OfficeChange:
    """Keys of the office that joins with a version of the terms, or of the one that leaves."""

    joins: int | None = None
    leaves: int | None = None


SAME_OFFICES: Final = OfficeChange()


async def request_handling(
    session: AsyncSession,
    principal: Principal,
    overlap_id: UUID | None,
    asked: HandlingAsk,
    *,
    now: datetime,
) -> HandlingRead:
    """Draft a request to the other side of an overlap and to further offices; a question is sent.

    Being sent shows the offices asked who asks: each may then see its overlap with the contact,
    even where the asking case is `silent` or `contact_first`.

    Raises:
        MissingScopeError: the caller lacks `handling:request`.
        OverlapNotFoundError: absent, or not for the caller; the two are never told apart.
        PartiesRefusedError: an office is named twice, is the caller's own, does not take part or
            is walled from a case of the caller's; or several are asked and one of the overlaps
            does not show its contact.
        TermsRefusedError: a term names no party, or ends too late.
        HandlingOpenError: one of the overlaps has an open question of this kind. Of agreements the
            first to be sent is open; nobody is told of another's draft.
    """
    principal.require(Permission.HANDLING_REQUEST)
    also = [parse_public_id(ladder.PREFIX, each) for each in asked.also]
    parties = await _parties(session, principal, [overlap_id, *also], asked.offices, now=now)
    return await _request(session, principal, parties, asked, now=now)


async def request_handling_of_case(
    session: AsyncSession,
    principal: Principal,
    ref: tuple[str, str],
    asked: HandlingAsk,
    *,
    now: datetime,
) -> HandlingRead:
    """Draft a request about an own case that need not overlap, to offices by their codes.

    A question is sent. The offices learn who asks, and of the case nothing.

    Raises:
        MissingScopeError: the caller lacks `handling:request`.
        CaseNotFoundError: absent, another office's, or behind a wall.
        HandlingOpenError: one of the offices has an open request about it.
        OverlapNotFoundError, PartiesRefusedError, TermsRefusedError: see `request_handling`.
    """
    principal.require(Permission.HANDLING_REQUEST)
    case = await cases.get_case(session, principal, *ref)
    if not asked.offices:
        raise refused_parties("/offices", "needed")
    also = [parse_public_id(ladder.PREFIX, each) for each in asked.also]
    parties = await _parties(session, principal, also, asked.offices, case_id=case.id, now=now)
    return await _request(session, principal, parties, asked, now=now)


async def _request(
    session: AsyncSession,
    principal: Principal,
    parties: list[Party],
    asked: HandlingAsk,
    *,
    now: datetime,
) -> HandlingRead:
    terms = asked.terms if isinstance(asked, AgreementAsk) else None
    if terms is not None:
        check_terms(terms, len(parties), now=now)
    taken = machine.find("ask", asked.kind, None)
    assert taken is not None  # noqa: S101 -- each kind has a beginning in the table
    request_id = new_id()
    is_sent = taken.to == "sent"
    await session.execute(
        insert(HandlingRequest).values(
            id=request_id,
            kind=asked.kind,
            status=taken.to,
            requester_office_id=principal.office_id,
            requested_by=principal.actor,
            on_silence=asked.on_silence,
            answer_days=asked.answer_within_days,
            terms_number=0 if terms is None else 1,
            version=1,
            requested_at=now,
            sent_at=now if is_sent else None,
            due_at=steps.due(taken.to, asked.answer_within_days, now),
        )
    )
    rows = [
        {
            **party,
            "request_id": request_id,
            "number": number,
            "open_as": asked.kind if is_sent and party["requester_case_id"] else None,
            "accepted_terms": (0 if terms is None else 1) if number == 1 else None,
            "named_at": now if number == 1 else None,
        }
        for number, party in enumerate(parties, start=1)
    ]
    async with within_walls("/offices"):
        made = await session.execute(upsert(HandlingParty).values(rows).on_conflict_do_nothing())
    if made.rowcount < len(rows):  # type: ignore[attr-defined]  # of a CursorResult
        raise HandlingOpenError(
            await queries.find_open(
                session, principal, request_id, parties[1:], asked.kind, now=now
            )
        )
    if terms is not None:
        await add_terms(session, principal, request_id, 1, terms, now=now)
    others = [party["office_id"] for party in parties[1:]]
    await audit.record(
        session,
        principal,
        taken.audited,
        str(request_id),
        recipients=others if is_sent else [],
        detail={
            "kind": asked.kind,
            "overlaps": [
                public_id(ladder.PREFIX, party["overlap_id"])
                for party in parties
                if party["overlap_id"]
            ],
            "to": taken.to,
        },
    )
    if is_sent:
        await tell_parties(session, principal, request_id, parties[1:], now=now)
    return render(await queries.get_request(session, principal, request_id, now=now))


async def _parties(
    session: AsyncSession,
    principal: Principal,
    overlaps: Sequence[UUID | None],
    codes: Sequence[str],
    *,
    now: datetime,
    case_id: int | None = None,
) -> list[Party]:
    """Return who asks, then who is asked: of overlaps, and by code about an own case or none."""
    nothing = {"overlap_id": None, "case_id": None, "requester_case_id": None}
    found: list[Party] = [{"office_id": principal.office_id, **nothing}]
    rungs = []
    for key in overlaps:
        overlap = await cases.get_overlap(
            session, principal, key, now=now, permission=Permission.HANDLING_REQUEST
        )
        rungs.append(overlap.read.rung)
        found.append(
            {
                "office_id": overlap.other_office_id,
                "overlap_id": overlap.id,
                "case_id": overlap.other_case_id,
                "requester_case_id": overlap.case_id,
            }
        )
    # whether two are the same office would tell which one hides behind a pointer
    if len(overlaps) + len(codes) > 1 and "pointer" in rungs:
        raise refused_parties("/also", "contact-not-shown")
    known = await queries.find_participants(session, codes, today=now.date())
    for place, code in enumerate(codes):
        if code not in known:
            raise refused_parties(f"/offices/{place}", "no-such-office")
        found.append({**nothing, "office_id": known[code], "requester_case_id": case_id})
    keys = [party["office_id"] for party in found]
    if len(set(keys)) < len(keys):
        raise refused_parties("/also", "office-twice")
    return found


def check_terms(terms: Terms, parties: int, *, now: datetime, number: int = 1) -> None:
    """Refuse terms that name no party, end in the past or too late, or hold an identifier.

    Raises:
        TermsRefusedError: with the places.
    """
    wrong = []
    if terms.lead > parties:
        wrong.append(("/terms/lead", "no-such-party"))
    if (terms.victim_services_lead or 1) > parties:
        wrong.append(("/terms/victim_services_lead", "no-such-party"))
    wrong += [
        (f"/terms/forum/{factor}", "no-such-party")
        for factor, party in terms.forum.items()
        if party > parties
    ]
    if not now.date() + timedelta(days=1) < terms.ends_on <= now.date() + LONGEST:
        wrong.append(("/terms/ends_on", "end"))
    if number > MOST_VERSIONS:
        wrong.append(("/terms", "too-many-versions"))
    detail = TermsRefusedError.default_detail
    problems = [FieldProblem(*each, detail) for each in wrong]
    for place, statute in enumerate(terms.statutes):
        problems += find_in_citation(statute, f"/terms/statutes/{place}")
    if problems:
        raise TermsRefusedError(problems=tuple(problems))


async def add_terms(
    session: AsyncSession,
    principal: Principal,
    request_id: UUID,
    number: int,
    terms: Terms,
    *,
    now: datetime,
    change: OfficeChange = SAME_OFFICES,
) -> None:
    """Put the next version of the terms on the table; part of a step."""
    await session.execute(
        insert(HandlingTerms).values(
            request_id=request_id,
            number=number,
            office_id=principal.office_id,
            proposed_by=principal.actor,
            proposed_at=now,
            terms=terms.model_dump(mode="json"),
            joins_office_id=change.joins,
            leaves_office_id=change.leaves,
        )
    )


async def tell_parties(
    session: AsyncSession,
    principal: Principal,
    request_id: UUID,
    asked: list[Mapping[str, Any]] | list[Party],
    *,
    now: datetime,
) -> None:
    """Show the offices asked the contact of who asks; the database enters it in their ledgers."""
    for party in asked:
        if party["overlap_id"]:
            await cases_service.grant(
                session,
                principal,
                party["requester_case_id"],
                party["office_id"],
                rung=Rung.CONTACT,
                purpose="handling_requested",
                overlap_id=UUID(str(party["overlap_id"])),
                request_id=request_id,
                now=now,
            )
