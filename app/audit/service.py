import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.core.db import driver

_INSERT: Final = """
INSERT INTO audit_entries
  (action, office_id, actor, object, recipients, detail, request_id, client_id)
SELECT $1, $2, $3, object, $5, detail, $7, $8
FROM unnest($4::text[], $6::jsonb[]) AS q (object, detail)
"""
_NOTHING: Final[Mapping[str, Any]] = {}


async def record(
    session: AsyncSession,
    principal: Principal,
    action: str,
    target: str,
    *,
    recipients: Sequence[int] = (),
    detail: Mapping[str, Any] = _NOTHING,
) -> None:
    """Write the audit entry of an effect or disclosure into its transaction.

    No entry, no effect: when the insert fails, the transaction fails with it. The time is the
    database's.

    Args:
        session: The transaction of the effect.
        principal: Who acts.
        action: Noun and past participle, such as `case.posted`.
        target: The opaque id of what was acted on.
        recipients: Offices that learn something by it (28 CFR 23.20(g) asks for this record).
        detail: Opaque ids, counts and codes; never an identifier or a text.
    """
    await record_each(session, principal, action, [(target, detail)], recipients=recipients)


async def record_each(
    session: AsyncSession,
    principal: Principal,
    action: str,
    entries: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    recipients: Sequence[int] = (),
) -> None:
    """Write one entry for each (target, detail), as `record` does, in one statement."""
    await (await driver(session)).execute(
        _INSERT,
        action,
        principal.office_id,
        principal.actor,
        [target for target, _ in entries],
        list(recipients),
        [json.dumps(detail) for _, detail in entries],
        principal.request_id,
        principal.client_id,
    )
