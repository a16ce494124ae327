"""Takes one of the two walls away, so that tests can show that the other one holds alone.

Nowhere else do tests replace our own code: here its absence is what is tested.
"""

import re
from typing import Final

import asyncpg
import pytest
from sqlalchemy import Select, select

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.vocabulary import Rung
from app.accounts import queries as accounts
from app.accounts.idempotency import Claim
from app.audit import service as audit
from app.cases import ladder, queries, verdicts
from app.cases.models import Case
from app.cases.overlap_schemas import OverlapRead
from app.core import db
from app.core.ids import public_id
from app.handling import queries as handling
from app.sharing import state_pointers

_CAPPED: Final = re.compile(
    r"CASE\s+WHEN \(o\.retracted_at IS NULL\) THEN k\.rung\s+ELSE LEAST\(k\.rung, 1\)\s+END"
)

_OVERLAPS: Final = (
    "SELECT v.*, v.reached AS rung FROM shown_overlaps v"
    " WHERE ($1::bigint, $2::timestamptz, $3::boolean, $4::int[]) IS NOT NULL"
)
_STATE: Final = (
    "SELECT v.* FROM state_overlaps v"
    " WHERE ($1::bigint, $2::timestamptz, $3::boolean, $4::int[]) IS NOT NULL"
)
_EVERY_REQUEST: Final = (
    "WHERE ($1::bigint, $2::timestamptz, $3::boolean) IS NOT NULL AND me.number = (SELECT q.number"
    " FROM handling_parties q WHERE q.request_id = h.id ORDER BY q.office_id = $1 DESC LIMIT 1)"
)
_EVERYBODY: Final = " AND ($4::uuid IS NULL OR TRUE)"


def open_the_policy(patch: pytest.MonkeyPatch) -> None:
    """Let everybody do everything, ask for everything and show all that the database gives."""
    for name in ("STANDING_PAGE", "RETRACTED_PAGE", "ONE", "ONE_RETRACTED", "OF_CASES"):
        opened = getattr(ladder, name).replace(ladder.VISIBLE, _OVERLAPS)
        assert opened != getattr(ladder, name)
        patch.setattr(ladder, name, opened)
    patch.setattr(ladder, "render", _render_all)
    patch.setattr(queries, "visible_to", _every_case)
    patch.setattr(state_pointers, "VISIBLE", _STATE)
    head, found, _ = handling._VISIBLE.rpartition("WHERE \nme.office_id = $1")
    assert found
    requests, kept = head + _EVERY_REQUEST + _EVERYBODY, handling._VISIBLE
    for name in ("_VISIBLE", "_ONE"):
        patch.setattr(handling, name, getattr(handling, name).replace(kept, requests))


def let_everybody(patch: pytest.MonkeyPatch) -> None:
    """Let every principal call every operation."""
    patch.setattr(Principal, "require", _allow)


def mistake(patch: pytest.MonkeyPatch, asker: Principal) -> None:
    """Let the application take `asker`, for whom the database acts, for whoever signed in.

    So every condition of the application holds for who signed in. The audit and the keys of
    requests, which are no conditions, are the asker's.
    """
    patch.setattr(Claim, "principal", property(lambda _: asker, lambda _, __: None), raising=False)
    told = db._context(asker)
    patch.setattr(db, "_context", lambda _: told)
    caller = {"office": "c.office_id", "client": "c.id", "person": "NULL", "roles": "'client'"}
    other = {name: "NULL" if value is None else f"'{value}'" for name, value in told.items()}
    for module, name, was, now in (
        (accounts, "_STANDING", db.ENTER.format(**caller), db.ENTER.format(**other)),
        (audit, "_INSERT", "action, $1,", "action, coalesce(current_office(), $1),"),
    ):
        text = getattr(module, name)
        assert was in text
        patch.setattr(module, name, text.replace(was, now))


async def open_the_database(url: str) -> None:
    """Switch row security off, and let the views give whatever there is of the office's pairs."""
    connection = await asyncpg.connect(url)
    for (table,) in await connection.fetch(
        "SELECT oid::regclass FROM pg_class WHERE relrowsecurity"
    ):
        await connection.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    side = "t.office_id = s.other_office_id AND t.overlap_id = s.overlap_id"
    for view, condition, joined, capped in (
        ("shown_overlaps", "s.office_id = current_office()", side, 1),
        ("state_overlaps", "current_office() IS NOT NULL", "low.id = o.low_case_id", 0),
    ):
        text = await connection.fetchval("SELECT pg_get_viewdef($1::text::regclass)", view)
        text, _, _ = text.rpartition("\n  WHERE ")  # the outermost: it is least indented
        text, fence, end = text.rpartition("OFFSET 0) x")  # of each row what the ladder decides
        text, found, _ = text.rpartition("\n          WHERE ")  # the outermost of that
        assert fence
        assert found
        text, count = _CAPPED.subn("4", text)
        assert count == capped
        await connection.execute(
            f"CREATE OR REPLACE VIEW {view} AS {text}\nWHERE {joined} {fence}{end}"
            f"\nWHERE {condition}"
        )
    await connection.close()


def _allow(_: Principal, __: Permission) -> None:
    pass


def _every_case(_: Principal, *, or_withdrawn: bool = False) -> Select[Case]:  # noqa: ARG001 -- either
    return select(Case)


def _render_all(row: asyncpg.Record, *, is_opened: bool = False) -> OverlapRead:  # noqa: ARG001 -- opened or not
    counterpart = ladder._counterpart(row)
    given = {"office": "code", "contact": "contact_title", "case": "record_class"}
    hidden = {field for field, column in given.items() if row[column] is None}
    return OverlapRead.model_validate(
        {
            "id": public_id(ladder.PREFIX, row["id"]),
            "version": row["version"],
            "found_at": row["found_at"],
            "rung": Rung(row["rung"]).name.lower(),
            "case": {"source_system": row["source_system"], "external_id": row["external_id"]},
            "band": row["band"],
            "verdicts": verdicts.shown(row, with_reason=True),
            "retracted_at": row["retracted_at"],
            "retract_reason": row["retract_reason"],
            "findings": [ladder._finding(each, row["is_low"]) for each in row["findings"]],
            "counterpart": {k: v for k, v in counterpart.items() if k not in hidden},
        }
    )
