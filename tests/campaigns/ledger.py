"""What writers sent and heard, and the comparison of that with what the database holds."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

import asyncpg

from app.identifiers.encoding import b64u_decode
from app.identifiers.tokens import stored_token
from tests.overlaps.recount import CHECKS

_CASES: Final = """
SELECT f.code, c.external_id, c.id, c.version,
       (SELECT coalesce(array_agg(DISTINCT g.token), '{}') FROM subjects s
        JOIN sightings g ON g.subject_id = s.id WHERE s.case_id = c.id) AS tokens,
       (SELECT coalesce(array_agg((a.detail ->> 'version')::int ORDER BY a.id), '{}')
        FROM audit_entries a
        WHERE a.action = 'case.posted' AND a.object = c.id::text) AS audited
FROM cases c JOIN offices f ON f.id = c.office_id
"""
_PAIRS: Final = 'SELECT low_case_id, high_case_id FROM "overlaps" WHERE retracted_at IS NULL'
_REQUESTS: Final = """
SELECT h.id, (SELECT count(*) FROM audit_entries a
              WHERE a.action = 'handling.requested' AND a.object = h.id::text) AS audited
FROM handling_requests h
"""

Ref = tuple[str, str]
"""Office code and external id."""


@dataclass
class History:
    """The contents that were put under one reference, in order; only the last may be in doubt."""

    contents: list[frozenset[str]] = field(default_factory=list)
    is_last_certain: bool = True


@dataclass
class Ledger:
    """Everything that the writers were told."""

    cases: dict[Ref, History] = field(default_factory=lambda: defaultdict(History))
    requests: Counter[str] = field(default_factory=Counter)
    """Ids of handling requests, as often as a new one was acknowledged."""
    acknowledged: int = 0
    unknown: int = 0
    """Answers that never came or were 5xx: the effect may be there or not."""
    in_doubt: int = 0
    """Posts that were given up after such an answer."""
    refused: list[str] = field(default_factory=list)
    """Answers that a right service never gives here."""


@dataclass
class Verdict:
    """How the database differs from the ledger; all zeros are right."""

    lost: int = 0
    doubled: int = 0
    unaudited: int = 0
    missed: int = 0
    phantom: int = 0
    miscounted: int = 0
    pairs: int = 0

    @property
    def is_clean(self) -> bool:
        return not (
            self.lost + self.doubled + self.unaudited + self.missed + self.phantom
            + self.miscounted
        )  # fmt: skip

    def __str__(self) -> str:
        return (
            f"{self.lost} lost, {self.doubled} doubled, {self.unaudited} without their audit "
            f"rows, {self.pairs} sharing pairs: {self.missed} missed, {self.phantom} phantom, "
            f"{self.miscounted} counts wrong"
        )


async def judge(ledger: Ledger, connection: asyncpg.Connection, token_key: bytes) -> Verdict:
    """Compare the ledger with the database, once nothing is written any more."""
    rows = await connection.fetch(_CASES)
    standing = {frozenset(map(int, row)) for row in await connection.fetch(_PAIRS)}
    requests = await connection.fetch(_REQUESTS)
    wrong = [await connection.fetch(query) for query in CHECKS.values()]
    verdict = Verdict(miscounted=sum(map(len, wrong)))
    stored = {(row["code"], row["external_id"]): row for row in rows}
    _judge_cases(verdict, ledger, stored, token_key)
    _judge_requests(verdict, ledger, requests)
    _judge_pairs(verdict, stored, standing)
    return verdict


def _judge_cases(
    verdict: Verdict, ledger: Ledger, stored: Mapping[Ref, Any], token_key: bytes
) -> None:
    verdict.doubled += len(stored.keys() - ledger.cases.keys())
    for ref, history in ledger.cases.items():
        row, posts = stored.get(ref), len(history.contents)
        least = posts if history.is_last_certain else posts - 1
        version = row["version"] if row else 0
        verdict.lost += version < least
        verdict.doubled += version > posts
        if row is None or not least <= version <= posts:
            continue
        verdict.unaudited += row["audited"] != list(range(1, version + 1))
        expected = {
            stored_token(token_key, "tel", b64u_decode(token))
            for token in history.contents[version - 1]
        }
        verdict.lost += set(row["tokens"]) != expected


def _judge_requests(verdict: Verdict, ledger: Ledger, rows: list[Any]) -> None:
    stored = {f"hnd_{row['id'].hex}" for row in rows}
    verdict.lost += len(ledger.requests.keys() - stored)
    verdict.doubled += sum(count > 1 for count in ledger.requests.values())
    verdict.doubled += max(0, len(stored) - len(ledger.requests) - ledger.in_doubt)
    verdict.unaudited += sum(row["audited"] != 1 for row in rows)


def _judge_pairs(
    verdict: Verdict, stored: Mapping[Ref, Any], standing: set[frozenset[int]]
) -> None:
    holders: dict[bytes, list[tuple[str, int]]] = defaultdict(list)
    for (code, _), row in stored.items():
        for token in row["tokens"]:
            holders[token].append((code, row["id"]))
    expected = {
        frozenset({one[1], other[1]})
        for held in holders.values()
        for one, other in combinations(held, 2)
        if one[0] != other[0]
    }
    verdict.pairs = len(expected)
    verdict.missed = len(expected - standing)
    verdict.phantom = len(standing - expected)
