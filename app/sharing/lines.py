"""Lines of the register of grants, as their owner reads them."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.vocabulary import Rung
from app.cases import ladder
from app.cases.models import CaseGrant
from app.core.ids import public_id
from app.sharing import queries
from app.sharing.schemas import GrantRead, GrantState

PREFIX: Final = "grt"
ASKING: Final = frozenset({"handling_requested", "contact_requested"})
"""Purposes of grants that a question makes, to whoever it goes to."""
APPROVED_WITHIN: Final = timedelta(hours=24)
"""How long a grant waits for the second person."""


def state_of(row: RowMapping, now: datetime) -> GrantState:
    """Return whether a grant, as `queries.grants_of` reads it, waits, is in force, or is over."""
    grant, holds_until = row["CaseGrant"], row["holds_until"]
    if grant.revoked_at is not None:
        return "withdrawn"
    if grant.expires_at is not None and grant.expires_at <= now:
        return "expired"
    if holds_until is not None and holds_until <= now.date():
        return "expired"
    if grant.approval != "pending":
        return "in_force"
    return "pending" if now < grant.granted_at + APPROVED_WITHIN else "expired"


async def unnamed(
    session: AsyncSession, principal: Principal, grants: Iterable[CaseGrant], *, now: datetime
) -> set[UUID]:
    """Return the keys of the grants whose office the caller's office may not know.

    They came of a question to whoever is behind a pointer, who was shown by it who asks. From the
    operator, who explains on an office's behalf, nothing is hidden.
    """
    if Permission.OFFICES_MANAGE in principal.permissions:
        return set()
    asked = [each for each in grants if each.overlap_id and each.purpose in ASKING]
    if not asked:
        return set()
    overlaps = [each.overlap_id for each in asked if each.overlap_id]
    named = await queries.list_named(session, principal, overlaps, now=now)
    return {each.key for each in asked if each.overlap_id not in named}


def digest_of(grant: CaseGrant, *, is_named: bool = True) -> str:
    """Return the SHA-256, in hex, of everything that a second person agrees to.

    Unnamed it is of no office, or it could be found by trying all of them.
    """
    end = grant.expires_at.isoformat() if grant.expires_at else None
    office = grant.grantee_office_id if is_named else 0
    text = [grant.key.hex, grant.case_id, office, grant.rung, grant.purpose, end]
    text += [grant.overlap_id.hex] if grant.overlap_id else []
    return hashlib.sha256(json.dumps(text).encode()).hexdigest()


async def render_each(
    session: AsyncSession, principal: Principal, rows: Sequence[RowMapping], *, now: datetime
) -> list[GrantRead]:
    """Return grants as their owner reads them."""
    grants = [row["CaseGrant"] for row in rows]
    hidden = await unnamed(session, principal, grants, now=now)
    return [_render(row, now, is_named=row["CaseGrant"].key not in hidden) for row in rows]


def _render(row: RowMapping, now: datetime, *, is_named: bool = True) -> GrantRead:
    """Return a grant as its owner reads it, without an office that it may not know."""
    grant: CaseGrant = row["CaseGrant"]
    is_theirs = grant.purpose == "glass_broken"  # whom it names is the other office's to know
    return GrantRead.model_validate(
        {
            "id": public_id(PREFIX, grant.key),
            "office": row["code"] if is_named else None,
            "rung": Rung(grant.rung).name.lower(),
            "purpose": grant.purpose,
            "state": state_of(row, now),
            "granted_at": grant.granted_at,
            "granted_by": f"office:{row['code']}" if is_theirs else grant.granted_by,
            "approved_by": grant.approved_by,
            "expires_at": grant.expires_at,
            "overlap_id": public_id(ladder.PREFIX, grant.overlap_id) if grant.overlap_id else None,
            "withdrawn_at": grant.revoked_at,
            "digest": digest_of(grant, is_named=is_named),
        }
    )
