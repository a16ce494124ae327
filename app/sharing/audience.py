"""Who could see a case, before it is posted and after; and the Attorney General's pointers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.policy import Decision, Target, decide
from app.access.principal import Principal
from app.access.vocabulary import Relation, Role, Rung
from app.audit import service as audit
from app.cases import ladder
from app.cases import queries as cases
from app.cases.models import CaseGrant
from app.core.db import APP, become, enter
from app.core.ids import public_id
from app.offices import queries as offices
from app.offices.errors import OfficeNotFoundError
from app.quotas.counting import within_listing
from app.sharing import lines, queries, state_pointers
from app.sharing.schemas import (
    AccessLine,
    AccessRead,
    AudienceAsk,
    AudienceLine,
    AudienceRead,
    StateOverlapRead,
)

_PERMISSIONS: Final = {
    Relation.OWN: Permission.CASES_READ,
    Relation.PARTNER: Permission.OVERLAPS_READ,
    Relation.STATE: Permission.STATE_OVERLAPS_READ,
}


@dataclass(frozen=True)
class WholeOffice:
    """An office as a reader: what any client or person of it could see."""

    is_participating: bool = True
    roles: frozenset[Role] = frozenset(Role) - {Role.OPERATOR}
    permissions: frozenset[Permission] = frozenset(Permission)


async def preview_audience(
    session: AsyncSession, principal: Principal, asked: AudienceAsk, *, now: datetime
) -> AudienceRead:
    """Return how far which kinds of office would see a case, should a case of theirs overlap.

    Raises:
        MissingScopeError: the caller lacks `cases:post`.
    """
    principal.require(Permission.CASES_POST)
    lines = []
    for kind, count, in_state in await queries.count_audience(session, principal, now=now):
        for relation, how_many in ((Relation.PARTNER, count), (Relation.STATE, in_state)):
            if how_many:
                target = Target(
                    relation,
                    asked.record_class,
                    asked.disclosure,
                    is_participating=principal.is_participating,
                )
                decision = decide(WholeOffice(), _PERMISSIONS[relation], target)
                shown = _line(relation, decision).model_dump(exclude={"reasons", "overlap_id"})
                lines.append(AudienceLine(**shown, office_kind=kind, offices=how_many))
    detail = asked.model_dump()
    await audit.record(session, principal, "audience.previewed", "case", detail=detail)
    return AudienceRead(lines=tuple(lines))


async def explain_access(
    session: AsyncSession,
    principal: Principal,
    ref: tuple[str, str],
    office_code: str,
    *,
    now: datetime,
) -> AccessRead:
    """Return how far an office would see one of the caller's own cases, and which rules say so.

    It supposes that a case of that office overlaps: whether one does is not the owner's to know,
    nor whether it is this office that was asked behind a pointer.

    Raises:
        MissingScopeError: the caller lacks `grants:read`.
        CaseNotFoundError: absent, another office's, or behind a wall.
        OfficeNotFoundError: no office has this code.
    """
    principal.require(Permission.GRANTS_READ)
    case = await cases.get_case(session, principal, *ref)
    standing = await queries.get_standing(session, case.id, office_code, now=now)
    if standing is None:
        raise OfficeNotFoundError
    found = await queries.list_in_force(session, case.id, standing.office_id, now=now)
    hidden = await lines.unnamed(session, principal, found, now=now)
    grants = [each for each in found if each.key not in hidden]
    record_class, disclosure = await queries.get_target(session, case.id)
    everywhere = Target(
        Relation.OWN if standing.is_owner else Relation.PARTNER,
        record_class,
        disclosure,
        _highest(grants, None),
        is_participating=standing.is_owner_participating,
        is_walled=standing.is_walled,
    )
    bound = {grant.overlap_id: None for grant in grants if grant.overlap_id}
    targets: list[tuple[UUID | None, Target]] = [
        (None, everywhere),
        *((key, replace(everywhere, granted=_highest(grants, key))) for key in bound),
    ]
    if standing.is_state_ag and not standing.is_owner:
        targets.append((None, replace(everywhere, relation=Relation.STATE)))
    office = WholeOffice(standing.is_participating)
    await audit.record(session, principal, "access.explained", str(case.id))
    return AccessRead(
        office=standing.code,
        decisions=tuple(
            _line(each.relation, decide(office, _PERMISSIONS[each.relation], each), key)
            for key, each in targets
        ),
        grants=tuple(public_id(lines.PREFIX, grant.key) for grant in grants),
    )


async def explain_for_operator(
    session: AsyncSession,
    operator: Principal,
    owner_code: str,
    ref: tuple[str, str],
    office_code: str,
    *,
    now: datetime,
) -> AccessRead:
    """Return the same for the case of any office; see `explain_access`.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeNotFoundError, CaseNotFoundError: as the names say.
    """
    operator.require(Permission.OFFICES_MANAGE)
    owner = await offices.get_office(session, owner_code)
    on_behalf = replace(operator, office_id=owner.id)
    await become(session, APP)
    await enter(session, on_behalf)
    return await explain_access(session, on_behalf, ref, office_code, now=now)


def _highest(grants: Sequence[CaseGrant], overlap_id: UUID | None) -> Rung:
    """Return the highest rung granted in an overlap; None asks about one that no grant names."""
    counting = {None, overlap_id}
    rungs = (Rung(grant.rung) for grant in grants if grant.overlap_id in counting)
    return max(rungs, default=Rung.NONE)


def _line(relation: Relation, decision: Decision, overlap_id: UUID | None = None) -> AccessLine:
    return AccessLine.model_validate(
        {
            "relation": relation,
            "overlap_id": public_id(ladder.PREFIX, overlap_id) if overlap_id else None,
            "rung": decision.rung.name.lower() if decision.rung else None,
            "fields": sorted(decision.fields),
            "reasons": decision.reasons,
        }
    )


async def list_state_overlaps(
    session: AsyncSession,
    principal: Principal,
    asked: state_pointers.Asked = state_pointers.EVERY,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[tuple[UUID, StateOverlapRead]]:
    """Return a page of pointers for the state's Attorney General, and record what was shown.

    Raises:
        MissingScopeError: the caller lacks `state-overlaps:read`.
        QuotaExceededError: the office or the caller looked at too many pages lately.
    """
    may = Permission.STATE_OVERLAPS_READ
    is_newest = before is None and asked == state_pointers.EVERY
    async with within_listing(session, principal, now=now, is_newest=is_newest, permission=may):
        rows = await state_pointers.list_state_overlaps(
            session, principal, asked, before=before, limit=limit, now=now
        )
        found = [(row["id"], pointer(row)) for row in rows]
        shown = {read.id: read.rung for _, read in found}
        await audit.record(
            session,
            principal,
            "state_overlaps.disclosed",
            f"{len(shown)} overlaps",
            recipients=[principal.office_id],
            detail=shown,
        )
        return found


def pointer(row: asyncpg.Record) -> StateOverlapRead:
    """Return an overlap of the state's offices as its Attorney General sees it."""
    return StateOverlapRead.model_validate(
        {
            "id": public_id(ladder.PREFIX, row["id"]),
            "version": row["version"],
            "found_at": row["found_at"],
            "rung": "pointer",
            "band": row["band"],
            "findings": ladder.pointers(row["findings"]),
            "office_kinds": sorted((row["low_kind"], row["high_kind"])),
        }
    )
