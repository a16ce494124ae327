"""The policy table against an oracle written apart from it, and against flips of its cells."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access import policy
from app.access.permissions import CLIENT_SCOPES, Permission
from app.access.policy import PolicyError, Target, ceilings, decide, is_allowed, permissions_of
from app.access.principal import OPERATOR
from app.access.vocabulary import DISCLOSURES, RECORD_CLASSES, Reason, Relation, Role, Rung
from tests.access import oracle
from tests.access.mutants import mutants, survives
from tests.access.oracle import Asker

askers = st.builds(
    Asker,
    st.frozensets(st.sampled_from(Role)),
    st.frozensets(st.sampled_from(Permission)),
    st.booleans(),
)
anything = st.builds(
    Target,
    st.sampled_from(Relation),
    st.sampled_from(RECORD_CLASSES),
    st.sampled_from(DISCLOSURES),
    st.sampled_from(Rung),
    is_participating=st.booleans(),
    is_walled=st.booleans(),
)
permissions = st.sampled_from(Permission)


class TestMatrix:
    def test_every_cell_is_as_the_oracle_says(self) -> None:
        assert list(oracle.differences()) == []

    def test_every_condition_takes_away_as_the_oracle_says(self) -> None:
        for role in Role:
            roles = frozenset({role})
            for permission in (Permission.CASES_READ, Permission.OVERLAPS_READ):
                for is_participating, target in oracle.conditioned():
                    asker = Asker(roles, is_participating=is_participating)
                    expected = oracle.rung(asker, permission, target)
                    assert decide(asker, permission, target).rung == expected

    @given(askers, permissions, anything)
    def test_several_roles_give_what_any_of_them_gives(
        self, asker: Asker, permission: Permission, target: Target
    ) -> None:
        decision = decide(asker, permission, target)
        assert decision.rung == oracle.rung(asker, permission, target)
        assert decision.allow is (decision.rung > 0)
        assert decision.fields == oracle.shown(decision.rung)
        assert decision.reasons
        assert is_allowed(asker, permission) is oracle.allowed(asker, permission)

    def test_flipping_any_cell_is_noticed(self) -> None:
        assert [mutant[0] for mutant in mutants() if survives(mutant)] == []


class TestLaws:
    @given(askers, permissions, anything)
    def test_a_wall_ends_everything(
        self, asker: Asker, permission: Permission, target: Target
    ) -> None:
        assert not decide(asker, permission, replace(target, is_walled=True)).allow

    @given(askers, permissions, anything)
    def test_conditions_only_take_away(
        self, asker: Asker, permission: Permission, target: Target
    ) -> None:
        free = replace(target, is_walled=False, is_participating=True)
        best = decide(replace(asker, is_participating=True), permission, free).rung
        assert decide(asker, permission, target).rung <= best

    @given(askers, permissions, anything, st.sampled_from(Rung))
    def test_a_further_grant_takes_nothing_away(
        self, asker: Asker, permission: Permission, target: Target, granted: Rung
    ) -> None:
        more = replace(target, granted=max(granted, target.granted))
        assert decide(asker, permission, more).rung >= decide(asker, permission, target).rung

    @given(askers, permissions, anything)
    def test_a_stranger_learns_nothing(
        self, asker: Asker, permission: Permission, target: Target
    ) -> None:
        assert not decide(asker, permission, replace(target, relation=Relation.STRANGER)).allow

    @given(askers, anything)
    def test_breaking_the_glass_passes_no_silence(self, asker: Asker, target: Target) -> None:
        silent = replace(target, disclosure="silent")
        assert not decide(asker, Permission.GLASS_BREAK, silent).allow

    def test_every_reason_is_given_by_some_decision(self) -> None:
        seen: set[Reason] = set()
        for role in Role:
            for permission in Permission:
                for is_participating, target in oracle.conditioned():
                    asker = Asker(frozenset({role}), is_participating=is_participating)
                    seen.update(decide(asker, permission, target).reasons)
                if seen >= {*Reason} - {Reason.SCOPE_MISSING}:
                    break
        bare = Asker(frozenset(Role), frozenset())
        seen.update(
            decide(bare, Permission.CASES_READ, Target(Relation.OWN, "charged", "open")).reasons
        )
        assert seen == {*Reason}


class TestMachineClients:
    def test_have_the_scopes_of_their_column(self) -> None:
        assert set(CLIENT_SCOPES) == permissions_of(["client"])

    @pytest.mark.parametrize(
        "permission", [Permission.GRANTS_APPROVE, Permission.WALLS_LIFT, Permission.GLASS_BREAK]
    )
    def test_never_do_what_asks_for_a_person(self, permission: Permission) -> None:
        assert not is_allowed(Asker(frozenset({Role.CLIENT})), permission)

    def test_no_two_roles_together_are_the_operator(self) -> None:
        for roles in combinations(set(Role) - {Role.OPERATOR}, 2):
            assert not is_allowed(Asker(frozenset(roles)), Permission.OFFICES_MANAGE)
        assert is_allowed(OPERATOR, Permission.OFFICES_MANAGE)


class TestUnknownWordsDoNotLoad:
    @pytest.mark.parametrize(
        ("table", "was", "now"),
        [
            (0, "cases:post ", "cases:posts"),
            (0, "analyst", "analist"),
            (0, "partner:summary", "partner:sumary"),
            (0, "partner:record", "partners:record"),
            (0, "partner:record", "stranger:record"),
            (0, "partner:record", "*"),
            (0, "grants:approve       -", "grants:approve       own"),
            (0, "glass:review ", "glass:break "),
            (1, "declined", "sealed"),
            (1, "pointer", "pointr"),
            (1, "state ", "stat "),
            (2, "contact_first", "contact"),
            (2, "none", ""),
        ],
    )
    def test_in_a_table(self, table: int, was: str, now: str) -> None:
        tables = [policy._ROLES, policy._CLASSES, policy._DISCLOSED]
        policy._load(*tables)
        assert was in tables[table]
        tables[table] = tables[table].replace(was, now, 1)
        with pytest.raises(PolicyError):
            policy._load(*tables)

    def test_in_a_role(self) -> None:
        with pytest.raises(ValueError, match="superuser"):
            permissions_of(["superuser"])

    def test_in_a_question(self) -> None:
        for target in (
            Target("friend", "charged", "open"),  # type: ignore[arg-type]
            Target(Relation.PARTNER, "sealed", "open"),  # type: ignore[arg-type]
        ):
            assert not decide(Asker(frozenset(Role)), Permission.OVERLAPS_READ, target).allow
        odd = Target(Relation.PARTNER, "charged", "secret")  # type: ignore[arg-type]
        with pytest.raises(KeyError):
            decide(Asker(frozenset(Role)), Permission.OVERLAPS_READ, odd)


class TestSql:
    def test_ceilings_of_someone_without_the_permission_are_nothing(self) -> None:
        asker = Asker(frozenset(Role), frozenset())
        assert set(ceilings(asker, Permission.OVERLAPS_READ, Relation.PARTNER)) == {0}
