"""The tests of the ladder once more, with every condition of the application patched open."""

import pytest

from app.access.permissions import Permission
from app.access.policy import permissions_of
from app.access.vocabulary import Role
from tests.access import oracle
from tests.access.people import sign_in
from tests.access.test_matrix import OBJECTS, PEOPLE, fields, scene, unopened
from tests.cases.test_ladder import TestAgreements, TestGrants, TestRungs
from tests.factories import Registry
from tests.invariants.test_i3_ladder import TestI3NotVisibleIsNotExisting
from tests.scenes import make_offices
from tests.wall.open_doors import let_everybody, open_the_policy

__all__ = ["TestAgreements", "TestGrants", "TestI3NotVisibleIsNotExisting", "TestRungs"]


@pytest.fixture(autouse=True)
def _open_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    open_the_policy(monkeypatch)


@pytest.mark.parametrize("kind", OBJECTS)
async def test_of_an_overlap_each_principal_is_shown_the_oracles_fields(
    shared_registry: Registry, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting, target = await scene(shared_registry, kind)
    let_everybody(monkeypatch)
    office = meeting.first
    if kind == "other":
        (office,) = await make_offices(shared_registry, 1)
    for role in (Role.CLIENT, *PEOPLE):
        http = office.http
        if role is not Role.CLIENT:
            http = (await sign_in(shared_registry, office, role)).http
        asker = oracle.Asker(frozenset({role}), permissions_of([role]))
        level = oracle.rung(asker, Permission.OVERLAPS_READ, target)
        single = await http.get(f"/v1/overlaps/{meeting.overlap_id}?reason=plea")
        listed = (await http.get("/v1/overlaps")).json()["items"]
        if level == 0 or not oracle.allowed(asker, Permission.OVERLAPS_READ):
            assert (single.status_code, listed) == (404, []), role
            continue
        assert listed == [unopened(single.json())]
        assert fields(single.json()) == oracle.shown(level), (role, kind)
