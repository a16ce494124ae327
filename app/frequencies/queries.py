"""Set-based SQL of frequencies: how many hold a token, counted again from the sightings."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from app.overlaps.limits import COUNTED_PER_OFFICE, LEAST_OFFICES, LIMITS_IN_SQL

Connection = asyncpg.Connection

# sightings are read in the order of their keys; rows of tokens, which lie in another, are hashed
_PLAN: Final = """
SELECT set_config('enable_hashagg', 'off', true), set_config('enable_hashjoin', 'on', true),
  set_config('enable_bitmapscan', 'on', true),
  set_config('work_mem', '64MB', true), set_config('statement_timeout', '600s', true)
"""


def _held(table: str, which: str) -> str:
    return f"""
SELECT token, count(*) AS offices, sum(least(n, {COUNTED_PER_OFFICE})) AS subjects FROM (
  SELECT token, office_id, count(DISTINCT subject_id) AS n FROM {table}
  WHERE {which} GROUP BY token, office_id) AS g
GROUP BY token"""  # noqa: S608 -- constants only; every value is a parameter


def _wrong(which: str) -> str:
    """Return the select of tokens whose row says other than the sightings; as overlaps/limits.py.

    A rotation takes the tokens of earlier keys away, and counts them no more.
    """
    return f"""
SELECT c.* FROM (
  SELECT coalesce(t.token, s.token, h.token) AS token, t.token IS NULL AS is_lost, t.epoch,
    coalesce(s.offices, 0) AS offices, coalesce(s.subjects, 0) AS subjects,
    coalesce(h.offices, 0) AS hidden_offices, coalesce(h.subjects, 0) AS hidden_subjects,
    coalesce(s.offices > l.offices OR s.subjects > l.subjects AND s.offices >= {LEAST_OFFICES},
             FALSE) AS is_common,
    (t.offices, t.subjects, t.hidden_offices, t.hidden_subjects, t.is_common) AS told
  FROM (SELECT * FROM tokens WHERE {which}) AS t
  FULL JOIN ({_held("sightings", which)}) AS s ON s.token = t.token
  FULL JOIN ({_held("hidden_sightings", which)}) AS h ON h.token = coalesce(t.token, s.token)
  LEFT JOIN (VALUES {LIMITS_IN_SQL}) AS l (kind, offices, subjects) ON l.kind = t.kind) AS c
WHERE (c.is_lost OR c.epoch = (SELECT epoch FROM key_epochs WHERE state = 'current'))
  AND c.told IS DISTINCT FROM
      (c.offices::int, c.subjects::int, c.hidden_offices::int, c.hidden_subjects::int, c.is_common)
"""  # noqa: S608 -- as above


_FIND: Final = f"""
SELECT token, is_lost FROM ({_wrong("token >= $1 AND token < $2")}) AS q
ORDER BY is_lost LIMIT $3
"""  # noqa: S608 -- as above

# in the order in which posts take them
_LOCK: Final = """
SELECT token FROM tokens WHERE token = ANY($1::bytea[]) ORDER BY token FOR NO KEY UPDATE
"""
_CORRECT: Final = f"""
UPDATE tokens t SET offices = q.offices, subjects = q.subjects, is_common = q.is_common,
  hidden_offices = q.hidden_offices, hidden_subjects = q.hidden_subjects
FROM ({_wrong("token = ANY($1::bytea[])")}) AS q WHERE t.token = q.token RETURNING t.token
"""  # noqa: S608 -- as above


async def list_wrong(
    connection: Connection, start: bytes, end: bytes, limit: int
) -> tuple[list[bytes], list[bytes]]:
    """Return tokens of a range whose row is wrong, and those whose row is lost; `limit` in all."""
    await connection.execute(_PLAN)
    rows = await connection.fetch(_FIND, start, end, limit)
    return [row[0] for row in rows if not row[1]], [row[0] for row in rows if row[1]]


async def correct(connection: Connection, tokens: Sequence[bytes]) -> int:
    """Lock the rows of tokens, count these again, and store what is otherwise; return how many."""
    await connection.execute(_LOCK, tokens)
    return len(await connection.fetch(_CORRECT, tokens))
