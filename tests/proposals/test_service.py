"""Two operators: nothing happens before the second approves exactly what the first proposed."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
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
    ProposalChangedError,
    ProposalEndedError,
    ProposalNotFoundError,
    SecondOperatorError,
)
from app.proposals.models import Proposal
from app.proposals.schemas import AgreementChange, Change, ImportChange, ProviderChange
from tests.factories import OfficeClient, Registry, agreement
from tests.scenes import make_offices

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
    kept: list[Any] = field(default_factory=list)

    def imported(self, elements: int = 7) -> ImportChange:
        ends_at = utc_now() + timedelta(days=1)
        return ImportChange(
            office=self.office.code, elements=elements, ends_at=ends_at, key_classes=("tel",)
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

    async def test_signs_agreements_and_names_providers(self, shared_registry: Registry) -> None:
        office = await shared_registry.add_office("CA-PROPOSED", is_participating=False)
        changes: list[Change] = [
            AgreementChange(office=office.code, agreement=agreement()),
            ProviderChange(
                office=office.code,
                issuer="https://login.example.com",
                client_id="joinder",
                acr_values=("two",),
            ),
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


class TestLaw:
    @settings(
        max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        acts=st.lists(
            st.tuples(
                st.sampled_from([ONE, TWO]),
                st.sampled_from(["right", "wrong"]),
                st.sampled_from([0, 23, 24]),
                st.booleans(),
            ),
            min_size=1,
            max_size=4,
        )
    )
    async def test_it_is_done_once_by_another_in_time_and_as_it_was_read(
        self, scene: Case, acts: list[tuple[Principal, str, int, bool]]
    ) -> None:
        before, now = await scene.allowances(), utc_now()
        made = await propose(scene.registry, scene.imported(), now=now)
        digest, is_done, is_altered = service.digest_of(made), False, False
        for who, which, hours, alters in acts:
            if alters and not is_done:
                is_altered = True
                await scene.registry.rows(
                    "UPDATE proposals SET change = jsonb_set(change, '{elements}', '9')"
                    " WHERE id = :id RETURNING id",
                    id=made.id,
                )
            is_good = not is_done and not is_altered
            is_good &= who is TWO and which == "right" and hours < 24
            sent = digest if which == "right" else "0" * 64
            at = now + timedelta(hours=hours)
            try:
                await approve(scene.registry, who, made.id, sent, now=at)
            except (ProposalEndedError, SecondOperatorError, ProposalChangedError):
                assert not is_good
            else:
                assert is_good
                is_done = True
        assert await scene.allowances() == before + [7] * is_done
