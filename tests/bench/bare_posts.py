"""The SQL of one post, run by bare asyncpg with every argument made beforehand."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Self
from uuid import UUID, uuid4

import asyncpg

from app.accounts.queries import _STANDING
from app.audit.service import _INSERT as _AUDIT
from app.cases.ladder import OF_CASES
from app.cases.queries import _UPSERT_CASES
from app.core.db import APP, MATCHER
from app.core.ids import new_id
from app.identifiers.encoding import b64u_decode
from app.identifiers.kinds import KINDS
from app.identifiers.tokens import stored_token
from app.overlaps import queries as sql
from tests.bench import bodies
from tests.bench.site import Site

_FINDINGS: Final = json.dumps(
    [{"finding": "shared_identifier", "kinds": ["tel"], "subjects": ["1", "1"]}]
)
_ALIASES: Final = [0] * len(bodies.PERSON_KINDS) + [-1] * len(bodies.OTHER_KINDS)


@dataclass
class BarePosts:
    """Posts of one office through one connection; `post` returns its seconds."""

    database: asyncpg.Connection
    office: int
    client: UUID
    key: bytes
    sealing_key: UUID
    number: int = 0

    @classmethod
    async def prepared(cls, site: Site, database: asyncpg.Connection) -> Self:
        """Return posts of the site's first office through `database`."""
        office: int = await site.database.fetchval(
            "SELECT id FROM offices WHERE code = $1", site.offices[0].code
        )
        matcher = site.registry.app.state.intake.matcher
        client = UUID(site.offices[0].client_id)
        return cls(database, office, client, matcher.token_key, matcher.sealer.key_id)

    async def post(self, person: Sequence[str]) -> float:
        """Store one person's case and its one overlap as the service does."""
        self.number += 1
        kinds = [*bodies.PERSON_KINDS, *bodies.OTHER_KINDS]
        made = sorted(
            (stored_token(self.key, kind, b64u_decode(element)), KINDS[kind].code, alias)
            for kind, element, alias in zip(kinds, person, _ALIASES, strict=True)
        )
        tokens, codes, aliases = (list(column) for column in zip(*made, strict=True))
        sealed = os.urandom(1 + len(made) * 33 + 28)
        ref = (["cms"], [f"bare-{self.number}"])
        now = datetime.now(UTC)
        row = ("charged", "labor", "open", "06019", date(2026, 1, 31), date(2028, 1, 1), None)
        # no attestation, reason, facts, stages, labels, subjects set apart, feed; and sources
        rest = (None, None, "{}", "[]", "{}", "[]", None, None, "own_investigation police_report")
        case = [*ref, *([value] for value in row), [os.urandom(32)], *([value] for value in rest)]
        started = time.perf_counter()
        async with self.database.transaction():
            await self._store(now, case, tokens, codes, aliases, sealed)
        return time.perf_counter() - started

    async def _store(
        self,
        now: datetime,
        case: list[Any],
        tokens: list[bytes],
        codes: list[int],
        aliases: list[int],
        sealed: bytes,
    ) -> None:
        fetch, office = self.database.fetch, self.office
        await fetch(_STANDING, now.date(), self.client, None)
        case_id = (await fetch(_UPSERT_CASES, office, now, *case, MATCHER))[0][0]
        one, none = [1] * len(tokens), [0] * len(tokens)
        locked = await fetch(sql._LOCK, tokens, codes, 1, 1, one, none)
        shared = [row[0] for row in locked if not row[6]]
        person = ([case_id], ["1"], ["person"], ["{2}"], ["{4095}"], [0], [False])
        met = await fetch(sql._MEET, office, shared, shared, [], *person)
        (matching,) = (row for row in met if row[0] is not None)
        (subject,) = (row[3] for row in met if row[0] is None)
        pair = ([new_id()], [matching[4]], [case_id], ["shared_only"], [0], [_FINDINGS], now)
        sides = ([matching[5]], [office], ["{tel}"])
        stored = (tokens, [subject] * len(tokens), aliases, self.sealing_key, [subject], [sealed])
        counts = [[number] * len(shared) for number in (2, 2, 0, 0, False)]
        await fetch(
            sql._STORE, *pair, *sides, office, *stored, [False] * len(tokens), shared, *counts, APP
        )
        reader = (office, now, True, [3, 3, 3, 3])
        (seen,) = await fetch(OF_CASES, *reader, [case_id], 51)
        actor, shown = f"client:{self.client}", json.dumps({seen["id"].hex: "contact"})
        entries = (
            ["case.posted", "overlap.found", "overlaps.disclosed"],
            [str(case_id), pair[0][0].hex, "1 overlaps"],
            ["{}", "{}", f"{{{office}}}"],
            ['{"version": 1}', "{}", shown],
        )
        await fetch(_AUDIT, office, actor, *entries, uuid4().hex, self.client)
