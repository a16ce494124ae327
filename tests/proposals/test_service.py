"""Two operators: nothing happens before the second approves exactly what the first proposed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.access.errors import MissingScopeError
from app.access.principal import OPERATOR, Principal
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.errors import AppError
from app.offices.errors import OfficeNotFoundError
from app.proposals import service
from app.proposals.errors import (
    ProposalEndedError,
    ProposalNotFoundError,
)
from app.proposals.models import Proposal
from app.proposals.schemas import AgreementChange, Change, ImportChange, ProviderChange
from app.quotas.errors import ImportPeriodError
from tests.factories import OfficeClient, Registry, agreement
from tests.machines import told
from tests.scenes import at_once, make_offices

ONE, TWO = (Principal(f"operator:{name}", 0, OPERATOR.permissions, roles=OPERATOR.roles)
            for name in ("one", "two"))  # fmt: skip
NOBODY = Principal("client:x", 1, frozenset())


async def propose(registry: Registry, change: Change, *, now: datetime | None = None) -> Proposal:
    async with transaction(registry.operator) as session:
        return await service.propose(session, ONE, change, now=now or utc_now())


async def approve(
    registry: Registry, who: Principal, key: UUID, digest: str, *, now: datetime | None = None
) -> None:
    async with transaction(registry.operator) as session:
        await service.approve(session, who, key, digest, now=now or utc_now())


@dataclass
class Case:
    registry: Registry
    office: OfficeClient

    def imported(self, elements: int = 7) -> ImportChange:
        ends_at = utc_now() + timedelta(days=1)
        return ImportChange(
            office=self.office.code, elements=elements, ends_at=ends_at, key_classes=("tel",)
        )

    def provider(self, client_id: str) -> ProviderChange:
        return ProviderChange(
            office=self.office.code,
            issuer="https://login.example.com",
            client_id=client_id,
            acr_values=("two",),
        )

    async def allowances(self) -> list[int]:
        rows = await self.registry.rows(
            "SELECT elements FROM import_allowances WHERE office_id ="
            " (SELECT id FROM offices WHERE code = :code) ORDER BY id",
            code=self.office.code,
        )
        return [row[0] for row in rows]


@pytest.fixture
async def scene(shared_registry: Registry) -> Case:
    (office,) = await make_offices(shared_registry, 1)
    return Case(shared_registry, office)


class TestApprove:
    async def test_does_it_once_and_names_both(self, scene: Case) -> None:
        made = await propose(scene.registry, scene.imported())
        assert await scene.allowances() == []
        digest = service.digest_of(made)
        await approve(scene.registry, TWO, made.id, digest)
        assert await scene.allowances() == [7]
        with pytest.raises(ProposalEndedError):
            await approve(scene.registry, TWO, made.id, digest)
        assert await scene.allowances() == [7]
        entry = (await scene.registry.audit("proposal.approved"))[-1]
        assert (entry["actor"], entry["detail"]["proposed_by"]) == (TWO.actor, ONE.actor)

    async def test_of_two_at_once_one_does_it(self, scene: Case) -> None:
        made = await propose(scene.registry, scene.imported())
        digest = service.digest_of(made)
        lock = "SELECT FROM proposals WHERE id = :id FOR UPDATE"
        both = [told(approve(scene.registry, TWO, made.id, digest)) for _ in range(2)]
        answers = await at_once(scene.registry, lock, both, id=made.id)
        assert sorted(answers) == ["", "proposal-ended approved"]
        assert await scene.allowances() == [7]

    async def test_ends_what_else_waits_of_the_kind(self, scene: Case) -> None:
        made = [await propose(scene.registry, scene.provider(name)) for name in ("old", "new")]
        stays = await propose(scene.registry, scene.imported())
        lock = "SELECT FROM proposals WHERE id = :id FOR UPDATE"
        both = [
            told(approve(scene.registry, TWO, each.id, service.digest_of(each))) for each in made
        ]
        answers = await at_once(scene.registry, lock, both, id=made[0].id)
        assert answers.count("") == 1
        assert "proposal-ended" in "".join(answers)
        with pytest.raises(ProposalEndedError):
            await approve(scene.registry, TWO, made[0].id, service.digest_of(made[0]))
        await approve(scene.registry, TWO, stays.id, service.digest_of(stays))

    async def test_signs_agreements_and_names_providers(self, shared_registry: Registry) -> None:
        office = await shared_registry.add_office("CA-PROPOSED", is_participating=False)
        changes: list[Change] = [
            AgreementChange(office=office.code, agreement=agreement()),
            Case(shared_registry, office).provider("joinder"),
        ]
        for change in changes:
            made = await propose(shared_registry, change)
            assert (await office.http.get("/v1/me")).json()["is_participating"] is (
                change is not changes[0]
            )
            await approve(shared_registry, TWO, made.id, service.digest_of(made))
        assert (await office.http.get("/v1/me")).json()["is_participating"] is True
        assert (await shared_registry.audit("identity_provider.set"))[-1]["object"] == office.code

    async def test_of_what_cannot_be_done_leaves_it_waiting(self, scene: Case) -> None:
        change = ProviderChange(
            office=scene.office.code, issuer="http://x", client_id="x", acr_values=()
        )
        made = await propose(scene.registry, change)
        with pytest.raises(AppError):
            await approve(scene.registry, TWO, made.id, service.digest_of(made))
        ((approved,),) = await scene.registry.rows(
            "SELECT approved_at FROM proposals WHERE id = :id", id=made.id
        )
        assert approved is None

    async def test_of_an_import_that_would_be_over_is_refused(self, scene: Case) -> None:
        made = await propose(scene.registry, scene.imported())
        late = utc_now() + timedelta(hours=23, minutes=59)
        over = scene.imported().model_copy(update={"ends_at": utc_now() + timedelta(hours=1)})
        short = await propose(scene.registry, over)
        with pytest.raises(ImportPeriodError):
            await approve(scene.registry, TWO, short.id, service.digest_of(short), now=late)
        assert await scene.allowances() == []
        await approve(scene.registry, TWO, made.id, service.digest_of(made), now=utc_now())
        assert await scene.allowances() == [7]

    async def test_is_for_the_operator_and_an_office_that_is_there(self, scene: Case) -> None:
        made = await propose(scene.registry, scene.imported())
        with pytest.raises(MissingScopeError):
            await approve(scene.registry, NOBODY, made.id, service.digest_of(made))
        with pytest.raises(ProposalNotFoundError):
            await approve(scene.registry, TWO, UUID(int=0), service.digest_of(made))
        with pytest.raises(OfficeNotFoundError):
            await propose(scene.registry, scene.imported().model_copy(update={"office": "ZZ-NO"}))

    async def test_the_database_refuses_one_who_does_both(self, scene: Case) -> None:
        made = await propose(scene.registry, scene.imported())
        both = update(Proposal).where(Proposal.id == made.id)
        with pytest.raises(IntegrityError, match="two_persons"):
            async with transaction(scene.registry.operator) as session:
                await session.execute(
                    both.values(approved_by=ONE.actor, approved_at=made.proposed_at)
                )
