"""The only module that selects cases and overlaps; access is part of each query."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.cases import ladder
from app.cases.common_values import COMMON_KINDS, COMMON_VALUES
from app.cases.errors import CaseNotFoundError, OverlapNotFoundError
from app.cases.ladder import SeenOverlap
from app.cases.models import Case, CaseWall, SummaryReading
from app.cases.rows import StoredCase
from app.core.db import Role, became, driver
from app.identifiers.kinds import KINDS_BY_CODE
from app.offices.queries import REVIEW_CEILING

_LOCK_CASES: Final = """
SELECT c.id, c.source_system, c.external_id, c.version, c.held_at IS NOT NULL
FROM unnest($2::text[], $3::text[]) AS q (source_system, external_id)
JOIN cases c ON c.office_id = $1 AND c.source_system = q.source_system
            AND c.external_id = q.external_id AND c.withdrawn_at IS NULL
ORDER BY c.source_system, c.external_id
FOR NO KEY UPDATE OF c
"""

_UPSERT_CASES: Final = f"""
INSERT INTO cases AS c (office_id, source_system, external_id, record_class, trafficking_type,
  disclosure, county_fips, opened_on, review_on, summary, content_tag, attestation,
  declined_reason, facts, stages, labels, apart, feed_digests, feed_charged_on, provenances,
  validated_on, version, posted_at, changed_at)
SELECT $1, q.source_system, q.external_id, q.record_class, q.trafficking_type, q.disclosure,
  q.county_fips, q.opened_on, least(q.review_on, (today + kept_for)::date), q.summary, q.tag,
  q.attestation::jsonb, q.declined_reason, q.facts::jsonb, q.stages::jsonb, q.labels::jsonb,
  q.apart::jsonb, q.feed_digests, q.feed_charged_on, string_to_array(q.provenances, ' '),
  today, 1, $2, $2
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::date[],
            $10::date[], $11::text[], $12::bytea[], $13::text[], $14::text[], $15::text[],
            $16::text[], $17::text[], $18::text[], $19::bytea[], $20::date[], $21::text[])
     AS q (source_system, external_id, record_class, trafficking_type, disclosure, county_fips,
           opened_on, review_on, summary, tag, attestation, declined_reason, facts, stages,
           labels, apart, feed_digests, feed_charged_on, provenances),
  (SELECT $2::timestamptz::date, {REVIEW_CEILING.format(office="$1::bigint")})
     AS now (today, kept_for)
ON CONFLICT (office_id, source_system, external_id) DO UPDATE
SET record_class = excluded.record_class, trafficking_type = excluded.trafficking_type,
    disclosure = excluded.disclosure, county_fips = excluded.county_fips,
    opened_on = excluded.opened_on, review_on = excluded.review_on, summary = excluded.summary,
    content_tag = excluded.content_tag, validated_on = excluded.validated_on,
    awaits_attestation = FALSE, attestation = excluded.attestation,
    declined_reason = excluded.declined_reason,
    facts = excluded.facts, labels = excluded.labels, apart = excluded.apart,
    feed_digests = excluded.feed_digests, feed_charged_on = excluded.feed_charged_on,
    provenances = excluded.provenances,
    stages = CASE WHEN c.stages @> excluded.stages THEN c.stages ELSE (
      SELECT jsonb_agg(e.stage ORDER BY e.stage ->> 'on', e.stage) FROM (
        SELECT jsonb_array_elements(c.stages) UNION SELECT jsonb_array_elements(excluded.stages)
      ) AS e (stage)) END,
    version = c.version + 1, changed_at = excluded.changed_at, withdrawn_at = NULL
WHERE c.content_tag <> excluded.content_tag AND c.held_at IS NULL
RETURNING id, source_system, external_id, version, xmax = 0, set_config('role', $22, true)
"""  # noqa: S608 -- constants only; every value is a parameter

_WALLED: Final = "SELECT source_system, external_id FROM walled_references($1, $2)"

# of a withdrawn case its reference stays; the tag of no post is empty, so a repeat counts as new
_CLEAR_CASE: Final = """
UPDATE cases SET withdrawn_at = $2, changed_at = $2, version = version + 1, content_tag = '',
  summary = NULL, county_fips = NULL, opened_on = NULL, attestation = NULL, declined_reason = NULL,
  facts = '{}', stages = '[]', labels = '{}', apart = '[]', feed_digests = NULL,
  feed_charged_on = NULL, provenances = '{}'
WHERE id = $1
"""


def visible_to(principal: Principal, *, or_withdrawn: bool = False) -> Select[Case]:
    """Return the select of cases that `principal` may read: its own office's that stand.

    Those that a wall keeps it from are left out, and so are withdrawn ones unless asked for.
    """
    stands = () if or_withdrawn else (Case.withdrawn_at.is_(None),)
    own = select(Case).where(Case.office_id == principal.office_id, *stands)
    if principal.person_id is None:
        return own
    return own.where(
        ~exists().where(
            CaseWall.case_id == Case.id,
            CaseWall.person_id == principal.person_id,
            CaseWall.lifted_at.is_(None),
        )
    )


async def get_case(
    session: AsyncSession,
    principal: Principal,
    source_system: str,
    external_id: str,
    *,
    or_withdrawn: bool = False,
) -> Case:
    """Return one of the caller's own cases; `or_withdrawn` also one that is not purged yet.

    Raises:
        CaseNotFoundError: absent, or another office's; the two are never told apart.
    """
    own = visible_to(principal, or_withdrawn=or_withdrawn)
    of_ref = (Case.source_system == source_system, Case.external_id == external_id)
    case = await session.scalar(own.where(*of_ref))
    if case is None:
        raise CaseNotFoundError
    return case


async def list_cases(
    session: AsyncSession, principal: Principal, *, before: int | None, limit: int
) -> list[Case]:
    """Return a page of the caller's own cases, newest first, from `before` on (exclusive)."""
    page = visible_to(principal).order_by(Case.id.desc()).limit(limit)
    return list(await session.scalars(page if before is None else page.where(Case.id < before)))


async def check_not_walled(
    session: AsyncSession, principal: Principal, refs: Sequence[tuple[str, str]]
) -> None:
    """Refuse a person who is walled from any of these cases, as if it did not exist.

    Raises:
        CaseNotFoundError: a wall stands before one of them.
    """
    if await list_walled(session, principal, refs):
        raise CaseNotFoundError


async def list_walled(
    session: AsyncSession, principal: Principal, refs: Sequence[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Return those references whose case a wall keeps the caller from, a person.

    The database answers for whom the transaction acts: it shows no row of such a case.
    """
    if principal.person_id is None:
        return set()
    columns = [ref[0] for ref in refs], [ref[1] for ref in refs]
    return set(map(tuple, await (await driver(session)).fetch(_WALLED, *columns)))


async def lock_cases(
    session: AsyncSession, principal: Principal, refs: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], StoredCase]:
    """Lock and return those of the caller's own cases that exist, by reference."""
    systems, externals = [ref[0] for ref in refs], [ref[1] for ref in refs]
    rows = await (await driver(session)).fetch(_LOCK_CASES, principal.office_id, systems, externals)
    return {(row[1], row[2]): StoredCase(row[0], row[3], is_held=row[4]) for row in rows}


async def upsert_cases(
    session: AsyncSession,
    principal: Principal,
    rows: Sequence[tuple[Any, ...]],
    *,
    now: datetime,
    then: Role,
) -> dict[tuple[str, str], StoredCase]:
    """Insert or replace the caller's own cases, in the order of their references.

    A case that holds the same post already is locked, left as it is, and not returned; so is one
    under legal hold. Unless that is so of all, the session becomes `then`.
    """
    columns = [list(column) for column in zip(*sorted(rows, key=lambda row: row[:2]), strict=True)]
    found = await (await driver(session)).fetch(
        _UPSERT_CASES, principal.office_id, now, *columns, then
    )
    if found:
        became(session, then)
    return {(row[1], row[2]): StoredCase(row[0], row[3], is_new=row[4]) for row in found}


async def is_summary_read(
    session: AsyncSession, principal: Principal, digest: bytes, *, now: datetime
) -> bool:
    """Say whether two persons of the caller's office let this summary pass, and it still counts."""
    stands = exists().where(
        SummaryReading.office_id == principal.office_id,
        SummaryReading.digest == digest,
        SummaryReading.read_at.is_not(None),
        SummaryReading.expires_at > now,
    )
    return bool(await session.scalar(select(stands)))


async def clear_case(session: AsyncSession, case_id: int, *, now: datetime) -> None:
    """Empty a case that its office withdraws; the caller holds its row."""
    await (await driver(session)).execute(_CLEAR_CASE, case_id, now)


async def list_common_values(
    session: AsyncSession, principal: Principal, *, after: bytes | None, limit: int
) -> list[asyncpg.Record]:
    """Return token, kind code, counts and own holders of a page of the office's common values."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        COMMON_VALUES,
        *(principal.office_id, after, limit, principal.is_participating, principal.person_id),
    )
    return rows


async def list_common_kinds(
    session: AsyncSession, case_ids: Sequence[int]
) -> frozenset[tuple[int, str, str]]:
    """Return (case id, ref, kind) of the cases' keys that are kept and not matched."""
    rows = await (await driver(session)).fetch(COMMON_KINDS, case_ids)
    return frozenset((row[0], row[1], KINDS_BY_CODE[row[2]].name) for row in rows)


async def list_overlaps(
    session: AsyncSession,
    principal: Principal,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
    retracted: bool = False,
) -> list[SeenOverlap]:
    """Return a page of the overlaps that the caller may know of, newest first.

    With `retracted`, of those that were taken back in the last 90 days and that it had seen.
    """
    page = ladder.RETRACTED_PAGE if retracted else ladder.STANDING_PAGE
    return await _seen(session, principal, page, before, limit, now=now)


async def get_overlap(
    session: AsyncSession,
    principal: Principal,
    overlap_id: UUID | None,
    *,
    now: datetime,
    or_retracted: bool = False,
    is_opened: bool = False,
    is_peek: bool = False,
    permission: Permission = Permission.OVERLAPS_READ,
) -> SeenOverlap:
    """Return one overlap that the caller may know of, to do with it what `permission` says.

    With `or_retracted` also one that was taken back in the last 90 days and that it had seen;
    `is_opened` when the caller said what it reads the other case for. With `is_peek` it is not
    noted as seen, which locks: a lock of the overlap goes first.

    Raises:
        OverlapNotFoundError: absent, retracted, or not for the caller; never told apart.
    """
    one = ladder.ONE_UNMARKED if is_peek else ladder.ONE
    for sql in (one, ladder.ONE_RETRACTED)[: 1 + or_retracted]:
        rows = await _fetch(session, principal, sql, overlap_id, now=now, permission=permission)
        if rows:
            return ladder.seen(rows[0], is_opened=is_opened)
    raise OverlapNotFoundError


async def list_overlaps_of_cases(
    session: AsyncSession,
    principal: Principal,
    case_ids: Collection[int],
    *,
    limit: int,
    now: datetime,
) -> dict[int, list[SeenOverlap]]:
    """Return the strongest overlaps, up to `limit`, of each of the caller's own cases."""
    found: dict[int, list[SeenOverlap]] = {case_id: [] for case_id in case_ids}
    for seen in await _seen(session, principal, ladder.OF_CASES, list(case_ids), limit, now=now):
        found[seen.case_id].append(seen)
    return found


async def _seen(
    session: AsyncSession, principal: Principal, sql: str, *arguments: object, now: datetime
) -> list[SeenOverlap]:
    return [ladder.seen(row) for row in await _fetch(session, principal, sql, *arguments, now=now)]


async def _fetch(
    session: AsyncSession,
    principal: Principal,
    sql: str,
    *arguments: object,
    now: datetime,
    permission: Permission = Permission.OVERLAPS_READ,
) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        sql, *ladder.arguments(principal, now, permission), *arguments
    )
    return rows
