"""The machine of requests: its table, and what holds of it on a real database."""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from app.access.permissions import Permission
from app.access.policy import permissions_of
from app.access.principal import OPERATOR, Principal
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.errors import AppError, PreconditionFailedError
from app.core.ids import parse_public_id
from app.core.preconditions import Precondition
from app.handling import answering, asking, deciding, machine, reading, signing, upkeep
from app.handling.errors import HandlingMovedError
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
from app.handling.vocabulary import FINAL, STATUSES
from app.offices import queries as offices
from tests.factories import OfficeClient, Registry
from tests.handling.heads import TERMS
from tests.people.browsers import make_person
from tests.scenes import make_offices, meet

ROOT: Final = Path(__file__).parents[2]


class TestTable:
    def test_is_the_one_of_the_documentation(self) -> None:
        written = (ROOT / "docs/handling.md").read_text()
        for line in machine.TABLE.strip().splitlines():
            cells = [cell.replace(",", ", ") for cell in line.split()]
            assert f"| {' | '.join(cells)} |" in written

    def test_is_the_one_of_the_database(self) -> None:
        (path,) = (ROOT / "migrations/versions").glob("*_parties_come_and_go.py")
        found = re.search(r"^MOVES = \((.*?)\)$", path.read_text(), re.DOTALL | re.MULTILINE)
        assert found is not None
        moves = {tuple(each.split(">")) for each in re.findall(r"\w+>\w+", found[1])}
        assert moves == machine.pairs()

    def test_leaves_no_final_state_and_reaches_every_state(self) -> None:
        assert {t.leaves for t in machine.MACHINE}.isdisjoint(FINAL)
        assert {t.to for t in machine.MACHINE} == set(STATUSES)

    def test_lets_no_agreement_into_force_without_signatures_of_all(self) -> None:
        for each in machine.MACHINE:
            if (
                not each.is_question
                and each.to in {"active", "extended"}
                and each.to != each.leaves
            ):
                assert each.permission is Permission.HANDLING_SIGN
                assert {"signature", "everyone"} <= each.needs
            if not each.is_question and each.to == "sent":
                assert each.permission is Permission.HANDLING_SIGN

    def test_lets_the_registry_only_escalate_end_and_deem(self) -> None:
        moved = {t.to for t in machine.MACHINE if t.who == "registry" and t.to != t.leaves}
        assert moved == {"escalated", "expired", "accepted"}
        (deemed,) = {t.step for t in machine.MACHINE if t.who == "registry" and t.to == "accepted"}
        assert deemed == "deem"  # where a law says so, and nobody signs by it


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
            await self._try(number, step, before)
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

    async def _try(self, number: int, step: str, known: HandlingRead) -> None:
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
                    await asking.move_request(*place, moves[step], **stands)
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


async def sit_down(registry: Registry, on_silence: Any = "none") -> Table:
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
        kind="joint_handling",
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
    for client, key in zip(table.clients[1:], table.overlaps, strict=True):
        theirs = {each["id"]: each["rung"] for each in await client.overlaps()}
        name = f"ovl_{key.hex}"
        found.append((own[name], theirs[name]))
    return found


STEPS: Final = (
    *("submit", "revise", "withdraw", "accept", "decline", "counter", "propose", "sign"),
    *("return", "conclude", "escalate", "expire"),
)
UNLIKELY: Final = {"withdraw", "decline", "return", "expire", "conclude"}


class TestLaws:
    @given(data=st.data(), on_silence=st.sampled_from(["none", "escalate"]))
    @settings(max_examples=6, deadline=None)
    async def test_no_path_skips_an_approval_leaves_an_end_has_two_leads_or_shows_too_much(
        self, shared_registry: Registry, data: st.DataObject, on_silence: str
    ) -> None:
        table = await sit_down(shared_registry, on_silence)
        for _ in range(data.draw(st.integers(4, 16), label="how many")):
            number = data.draw(st.integers(1, 3), label="party")
            read = await table.read(number)
            possible = [step for step in (read.steps if read else ()) if step not in UNLIKELY]
            step = data.draw(st.sampled_from(possible * 4 + list(STEPS)), label="step")
            await table.take(number, step)
            await check(table)
        event(f"reached {table.history[-1]}")
        if table.history[-1] in FINAL:
            for step in STEPS:
                for number in (1, 2):
                    await table.take(number, step)
            assert (await table.read(1)) is not None
        ((entries,),) = await shared_registry.rows(
            "SELECT count(*) FROM audit_entries WHERE object = :key AND action LIKE 'handling.%'",
            key=str(table.key),
        )
        assert entries == table.taken


async def check(table: Table) -> None:
    """Assert what holds of a request wherever it is."""
    read = await table.read(1)
    assert read is not None
    was_sent = read.sent_at is not None
    assert [await table.read(n) is not None for n in (2, 3)] == [was_sent] * 2
    signed = await table.registry.rows(
        "SELECT terms_number, purpose, office_id FROM handling_signatures WHERE request_id = :id",
        id=table.key,
    )
    asker = table.heads[0].office_id
    if was_sent:
        assert any(row[1:] == ("send", asker) for row in signed)
    leads = await table.registry.rows(
        "SELECT lead_office_id FROM matters WHERE request_id = :id", id=table.key
    )
    is_agreed = read.agreed_number is not None
    assert len(leads) == is_agreed
    if read.status in {"active", "extended"}:
        assert is_agreed
    if is_agreed:
        everyone = {head.office_id for head in table.heads}
        assert {row[2] for row in signed if row[:2] == (read.agreed_number, "agree")} == everyone
        assert leads[0][0] in everyone
    has_ended = read.status in FINAL
    shown = await rungs(table)
    for place, (by_asker, by_asked) in enumerate(shown):
        has_answered = read.parties[place + 1].office is not None
        assert by_asked == ("contact" if was_sent and not has_ended else "pointer")
        assert by_asker == ("contact" if has_answered and not has_ended else "pointer")


class TestTwoAtOnce:
    async def test_one_wins_and_the_other_is_told_where_the_request_is(
        self, shared_registry: Registry
    ) -> None:
        table = await sit_down(shared_registry)
        for number, step in ((1, "submit"), (1, "sign")):
            await table.take(number, step)
        sent = await table.read(1)
        assert sent is not None
        outcomes = await asyncio.gather(
            *(table._try(number, step, sent) for number, step in ((1, "withdraw"), (2, "decline"))),
            return_exceptions=True,
        )
        (lost,) = [outcome for outcome in outcomes if outcome is not None]
        assert isinstance(lost, HandlingMovedError)
        now = await table.read(1)
        assert now is not None
        assert lost.extensions == {"status_now": now.status}
        assert now.status in {"withdrawn", "declined"}
        assert now.version == sent.version + 1

    async def test_is_told_so_where_its_step_would_still_lead_on(
        self, shared_registry: Registry
    ) -> None:
        table = await sit_down(shared_registry)
        for number, step in ((1, "submit"), (1, "sign")):
            await table.take(number, step)
        sent = await table.read(1)
        assert sent is not None
        outcomes = await asyncio.gather(
            *(table._try(number, "counter", sent) for number in (1, 2, 3)), return_exceptions=True
        )
        lost = [outcome for outcome in outcomes if outcome is not None]
        raced = [each for each in lost if isinstance(each, HandlingMovedError)]
        assert len(lost) == 2
        assert {each.extensions["status_now"] for each in raced} <= {"countered"}
        with pytest.raises(PreconditionFailedError):  # nobody is at it, and the version is old
            await table._try(2, "counter", sent)
