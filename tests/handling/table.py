"""Offices at a request, as the service functions know their callers."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from app.access.policy import permissions_of
from app.access.principal import OPERATOR, Principal
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.errors import AppError
from app.core.ids import parse_public_id
from app.core.preconditions import Precondition
from app.handling import answering, asking, deciding, moving, reading, signing, upkeep
from app.handling.reads import HandlingRead
from app.handling.schemas import (
    AgreementAsk,
    HandlingAccept,
    HandlingAnswer,
    HandlingConclude,
    HandlingCounter,
    HandlingDecision,
    HandlingDecline,
    HandlingExtend,
    HandlingMove,
    HandlingReturn,
    HandlingRevise,
    HandlingSign,
    HandlingSubmit,
    HandlingWithdraw,
)
from app.handling.terms import ATTESTATION, Terms
from app.handling.vocabulary import FINAL
from app.offices import queries as offices
from tests.factories import OfficeClient, Registry
from tests.handling.heads import TERMS
from tests.people.browsers import make_person
from tests.scenes import make_offices, meet


@dataclass
class Table:
    """Offices at a request, as the service functions know their callers, and what was seen."""

    registry: Registry
    clients: list[OfficeClient]
    heads: list[Principal]
    overlaps: list[UUID]
    request: HandlingRead
    taken: int = 1
    history: list[str] = field(default_factory=lambda: ["draft"])

    @property
    def key(self) -> UUID:
        found = parse_public_id("hnd", self.request.id)
        assert found is not None
        return found

    async def read(self, number: int) -> HandlingRead | None:
        """Return the request as party `number` sees it, None if it may not."""
        head = self.heads[number - 1]
        try:
            async with self.registry.acting(head) as session:
                return await reading.read_request(session, head, self.key, now=utc_now())
        except AppError as refused:
            assert refused.status == 404  # noqa: PT017 -- the only refusal there is here
            return None

    async def take(self, number: int, step: str) -> None:
        """Let a party try a step, and note where the request is then."""
        before = await self.read(1)
        assert before is not None
        try:
            await self.attempt(number, step, before)
        except AppError as refused:
            assert refused.status in {404, 409}, (step, refused.code)  # noqa: PT017 -- as said
            assert await self.read(1) == before  # a refused step changes nothing
        else:
            after = await self.read(1)
            assert after is not None
            assert before.status not in FINAL
            assert after.version == before.version + 1
            self.taken += 1
            self.history.append(after.status)

    async def attempt(self, number: int, step: str, known: HandlingRead) -> None:
        """Let a party try a step of the request that it has read as `known`."""
        head, now = self.heads[number - 1], utc_now()
        if step in {"escalate", "expire"}:
            await self._let_time_pass(step)
            return
        assert known.terms is not None
        terms = known.terms.model_copy(update={"notice_days": (known.terms.notice_days + 1) % 90})
        stands: dict[str, Any] = {"if_match": Precondition.parse(known.etag), "now": now}
        async with self.registry.acting(head) as session:
            place = (session, head, self.key)
            match step:
                case "submit" | "withdraw" | "revise":
                    moves: dict[str, HandlingMove] = {
                        "submit": HandlingSubmit(move="submit"),
                        "withdraw": HandlingWithdraw(move="withdraw"),
                        "revise": HandlingRevise(move="revise", terms=terms),
                    }
                    await moving.move_request(*place, moves[step], **stands)
                case "accept" | "decline" | "counter" | "propose":
                    later = terms.ends_on + timedelta(days=1)
                    answers: dict[str, HandlingAnswer] = {
                        "accept": HandlingAccept(answer="accept"),
                        "decline": HandlingDecline(answer="decline", reason="matter_closed"),
                        "counter": HandlingCounter(answer="counter", terms=terms),
                        "propose": HandlingExtend(answer="extend", ends_on=later),
                    }
                    await answering.answer_request(*place, answers[step], **stands)
                case "sign":
                    seen = await self.read(number)
                    digest = (seen and seen.digest) or "0" * 64
                    signed = HandlingSign(digest=digest, attestation=ATTESTATION, post="Head")
                    await signing.sign_request(*place, signed, **stands)
                case _:
                    decisions: dict[str, HandlingDecision] = {
                        "return": HandlingReturn(decision="return", reason="not_now"),
                        "conclude": HandlingConclude(decision="conclude", reason="transferred"),
                    }
                    await deciding.decide_request(*place, decisions[step], **stands)

    async def _let_time_pass(self, step: str) -> None:
        later = utc_now() + timedelta(days=900)
        act = upkeep.escalate_requests if step == "escalate" else upkeep.expire_requests
        async with transaction(self.registry.operator) as session:
            # of this request alone: others of the database wait for their own tests
            await self.registry.rows(
                "UPDATE handling_requests SET due_at = :far WHERE id <> :id RETURNING 1",
                far=later + timedelta(days=1),
                id=self.key,
            )
            if not await act(session, OPERATOR, limit=5, now=later):
                raise NothingDueError


LOCK: Final = "SELECT FROM handling_requests WHERE id = :id FOR UPDATE"
"""Holds a request, for `at_once`."""


async def refusal(act: Awaitable[object]) -> AppError | None:
    """Return why an act is refused, None if it succeeds."""
    try:
        await act
    except AppError as refused:
        return refused
    return None


class NothingDueError(AppError):
    """The test's own: time passed and nothing came of it."""

    status = 409


async def head_of(registry: Registry, client: OfficeClient) -> Principal:
    someone = await make_person(registry, Role.LEADERSHIP, office=client.code)
    async with transaction(registry.operator) as session:
        office = await offices.get_office(session, client.code)
    return Principal(
        f"person:{someone.key}",
        office.id,
        permissions_of([Role.LEADERSHIP]),
        is_participating=True,
        person_id=someone.key,
        proved_at=utc_now(),
        roles=frozenset({Role.LEADERSHIP}),
    )


async def sit_down(
    registry: Registry, on_silence: Any = "none", kind: Any = "joint_handling"
) -> Table:
    clients = await make_offices(registry, 3)
    heads = [await head_of(registry, client) for client in clients]
    overlaps = []
    for place, other in enumerate(clients[1:]):
        met = await meet(
            registry,
            "contact_first",
            "open",  # several are asked together only where each shows its contact
            offices=[clients[0], other],
            external_id=f"24-{place}",
        )
        overlaps.append(met.key)
    ask = AgreementAsk(
        kind=kind,
        terms=Terms.model_validate(TERMS),
        also=(f"ovl_{overlaps[1].hex}",),
        on_silence=on_silence,
    )
    async with registry.acting(heads[0]) as session:
        drafted = await asking.request_handling(session, heads[0], overlaps[0], ask, now=utc_now())
    await registry.rows(
        "UPDATE cases SET disclosure = 'contact_first' WHERE office_id = ANY (:asked) RETURNING id",
        asked=[head.office_id for head in heads[1:]],
    )
    return Table(registry, clients, heads, overlaps, drafted)


async def rungs(table: Table) -> list[tuple[str, str]]:
    """Return how far who asked sees each asked one, and each asked one who asked."""
    own = {each["id"]: each["rung"] for each in await table.clients[0].overlaps()}
    found = []
    for client, key in zip(table.clients[1:3], table.overlaps, strict=True):
        theirs = {each["id"]: each["rung"] for each in await client.overlaps()}
        name = f"ovl_{key.hex}"
        found.append((own[name], theirs[name]))
    return found


STEPS: Final = (
    *("submit", "revise", "withdraw", "accept", "decline", "counter", "propose", "sign"),
    *("return", "conclude", "escalate", "expire"),
)
