"""Values that too many hold: set aside, said, named on other hits, and matched when rare again."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.access.principal import OPERATOR
from app.core.db import transaction
from app.identifiers.kinds import KINDS
from app.offices import service as offices_service
from app.overlaps.limits import LIMITS, MATCHED_PER_OFFICE, common_reason
from tests.blinding import case
from tests.factories import OfficeClient, Registry, agreement
from tests.overlaps.recount import CHECKS
from tests.scenes import make_offices, someone, something

TEL = KINDS["tel"].code
MOST = LIMITS["tel"].offices


async def assert_consistent(registry: Registry) -> None:
    for name, query in CHECKS.items():
        assert await registry.rows(query) == [], name


async def crowd(registry: Registry, shared: dict[str, Any], *more: Any) -> list[OfficeClient]:
    """Let as many offices post `shared` as may before it is common."""
    offices = await make_offices(registry, MOST)
    for office in offices:
        await office.put_case("24-1", case(shared, *more))
    return offices


class TestCommonReason:
    @given(st.integers(0, 60), st.integers(0, 200))
    def test_more_holders_never_make_a_value_rarer(self, offices: int, subjects: int) -> None:
        if common_reason(TEL, offices, subjects) is not None:
            assert common_reason(TEL, offices + 1, subjects) is not None
            assert common_reason(TEL, offices, subjects + 1) is not None

    @given(st.sampled_from(sorted(KINDS)), st.integers(0, 10_000))
    def test_two_offices_never_make_a_value_common(self, kind: str, subjects: int) -> None:
        assert common_reason(KINDS[kind].code, 2, subjects) is None

    def test_many_subjects_of_few_offices_do(self) -> None:
        assert common_reason(TEL, 9, 26) == "many_subjects"
        assert common_reason(TEL, 11, 11) == "many_offices"


class TestRareAgain:
    async def test_a_value_matches_at_once_when_one_holder_gives_it_up(
        self, shared_registry: Registry
    ) -> None:
        shared = something()
        first, *_ = offices = await crowd(shared_registry, shared)
        (late,) = await make_offices(shared_registry, 1)
        answer = (await late.put_case("24-1", case(shared))).json()
        assert (answer["overlaps"], answer["subjects"][0]["common"]) == ([], ["tel"])
        assert await late.overlaps() == []
        await first.put_case("24-1", case(something()))
        met = {seen["counterpart"]["office"]["code"] for seen in await late.overlaps()}
        assert met == {office.code for office in offices[1:]}
        assert len(await offices[-1].overlaps()) == MOST - 1
        repeat = (await late.put_case("24-1", case(shared))).json()
        assert repeat["subjects"][0]["common"] == []
        assert len(repeat["overlaps"]) == MOST - 1
        await assert_consistent(shared_registry)

    async def test_is_audited_both_ways(self, registry: Registry) -> None:
        shared = something()
        first, *_ = await crowd(registry, shared)
        (late,) = await make_offices(registry, 1)
        await late.put_case("24-1", case(shared))
        await first.put_case("24-1", case(something()))
        for action in ("values.became_common", "values.matched_again"):
            (entry,) = await registry.audit(action)
            assert entry["detail"] == {"tel": 1}

    async def test_overlaps_found_before_it_was_common_stay_throughout(
        self, shared_registry: Registry
    ) -> None:
        shared = something()
        first, second, *_ = await crowd(shared_registry, shared)
        before = await second.overlaps()
        (late,) = await make_offices(shared_registry, 1)
        await late.put_case("24-1", case(shared))
        await second.put_case("24-1", case(shared, summary="Other words."))
        assert await second.overlaps() == before
        await first.put_case("24-1", case(something()))
        codes = {seen["counterpart"]["office"]["code"] for seen in await second.overlaps()}
        assert late.code in codes
        assert first.code not in codes


class TestNamedOnOtherHits:
    async def test_as_common_and_without_weight(self, shared_registry: Registry) -> None:
        shared, rare = something(), someone(ref="1")
        both = {**rare, "identifiers": shared["identifiers"]}
        await crowd(shared_registry, shared)
        one, other, bare, also = await make_offices(shared_registry, 4)
        await one.put_case("24-1", case(both))
        (overlap,) = (await other.put_case("24-1", case(both))).json()["overlaps"]
        (finding,) = overlap["findings"]
        assert (finding["finding"], finding["common"]) == ("same_person", ["tel"])
        assert "tel" not in finding["kinds"]
        someone_else = someone()
        await bare.put_case("24-1", case(someone_else))
        (plain,) = (await also.put_case("24-1", case(someone_else))).json()["overlaps"]
        assert plain["findings"][0]["strength"] == finding["strength"]
        assert plain["findings"][0]["common"] == []

    async def test_the_hit_gains_it_when_it_is_rare_again(self, shared_registry: Registry) -> None:
        shared, rare = something(), someone()
        both = {**rare, "identifiers": shared["identifiers"]}
        first, second, *_ = await crowd(shared_registry, shared)
        one, other = await make_offices(shared_registry)
        await one.put_case("24-1", case(both))
        await other.put_case("24-1", case(both))
        await first.put_case("24-1", case(something()))
        (still,) = [o for o in await one.overlaps() if "name" in o["findings"][0]["kinds"]]
        assert still["findings"][0]["common"] == ["tel"]  # one office too many holds it yet
        await second.put_case("24-1", case(something()))
        (seen,) = [o for o in await one.overlaps() if "name" in o["findings"][0]["kinds"]]
        assert {finding["finding"] for finding in seen["findings"]} == {
            "same_person",
            "shared_identifier",
        }
        assert all(finding["common"] == [] for finding in seen["findings"])


class TestRepeat:
    async def test_an_unchanged_post_says_what_the_first_said(
        self, shared_registry: Registry
    ) -> None:
        shared = something()
        await crowd(shared_registry, shared)
        (late,) = await make_offices(shared_registry, 1)
        body = case(shared, someone(ref="2"))
        first, second = [(await late.put_case("24-1", body)).json() for _ in range(2)]
        assert first["subjects"] == second["subjects"]
        assert first["subjects"][0]["common"] == ["tel"]
        bulk = {"cases": [{"source_system": "cms", "external_id": "24-1", "case": body}]}
        (third,) = (await late.http.put("/v1/cases", json=bulk)).json()["results"]
        assert third["subjects"] == first["subjects"]


class TestListed:
    async def test_with_reason_and_own_subjects_alone(self, shared_registry: Registry) -> None:
        shared, many = something(), something()
        await crowd(shared_registry, shared)
        late, other = await make_offices(shared_registry)
        await late.put_case("24-1", case(shared, someone(ref="2")))
        await late.put_case("24-2", case(*({**many, "ref": str(n)} for n in range(26))))
        found = []
        cursor: dict[str, str] = {}
        while True:
            answer = await late.http.get("/v1/common-values", params={"limit": 1, **cursor})
            page = answer.json()
            found += page["items"]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        by_reason = {item["reason"]: item for item in found}
        assert by_reason.keys() == {"many_offices", "office_share"}
        assert by_reason["many_offices"] == {
            "kind": "tel",
            "reason": "many_offices",
            "subjects": [{"source_system": "cms", "external_id": "24-1", "ref": "1"}],
        }
        assert len(by_reason["office_share"]["subjects"]) == 26
        assert (await other.http.get("/v1/common-values")).json()["items"] == []


class TestShare:
    async def test_what_was_aside_is_matched_when_there_is_room(
        self, shared_registry: Registry
    ) -> None:
        many, other = await make_offices(shared_registry)
        token = something()
        await other.put_case("24-1", case(token))
        await many.put_case(
            "crowd", case(*({**token, "ref": str(n)} for n in range(MATCHED_PER_OFFICE)))
        )
        late = await many.put_case("late", case(token))
        assert late.json()["subjects"][0]["common"] == ["tel"]
        assert late.json()["overlaps"] == []
        await many.put_case("crowd", case(something()))
        (seen,) = await other.overlaps()
        assert seen["counterpart"]["office"]["code"] == many.code
        (mine,) = await many.overlaps()
        assert mine["case"]["external_id"] == "late"
        assert (await many.put_case("late", case(token))).json()["subjects"][0]["common"] == []
        await assert_consistent(shared_registry)


class TestHidden:
    async def test_a_crowd_of_silent_cases_changes_nothing_for_others(
        self, shared_registry: Registry
    ) -> None:
        shared = something()
        one, other, *quiet = await make_offices(shared_registry, MOST + 5)
        for office in quiet:
            await office.put_case("24-9", case(shared, disclosure="silent"))
        await one.put_case("24-1", case(shared))
        answer = (await other.put_case("24-1", case(shared))).json()
        assert answer["subjects"][0]["common"] == []
        (overlap,) = answer["overlaps"]
        assert overlap["counterpart"]["office"]["code"] == one.code
        # a silent owner that posts finds them, whatever other silent ones there are
        (last,) = await make_offices(shared_registry, 1)
        found = await last.put_case("24-9", case(shared, disclosure="silent"))
        assert len(found.json()["overlaps"]) == 2
        await one.put_case("24-1", case(shared, summary="Other words."))
        assert len(await last.overlaps()) == 2
        await assert_consistent(shared_registry)

    async def test_opening_a_silent_case_counts_it(self, shared_registry: Registry) -> None:
        shared = something()
        offices = await make_offices(shared_registry, MOST + 1)
        for office in offices:
            await office.put_case("24-1", case(shared, disclosure="silent"))
        for place, office in enumerate(offices):
            answer = (await office.put_case("24-1", case(shared))).json()
            assert answer["subjects"][0]["common"] == (["tel"] if place >= MOST else [])
        await assert_consistent(shared_registry)

    async def test_an_agreement_that_comes_into_force_lets_the_same_post_count(
        self, shared_registry: Registry
    ) -> None:
        (one,) = await make_offices(shared_registry, 1)
        outside = await shared_registry.add_office(f"{one.code}-O", is_participating=False)
        body = case(something())
        await outside.put_case("24-1", body)
        await join(shared_registry, outside)
        assert (await outside.put_case("24-1", body)).json()["result"] == "updated"
        assert (await outside.put_case("24-1", body)).json()["result"] == "unchanged"
        await assert_consistent(shared_registry)


LETTERS = st.sets(st.sampled_from("ab"), max_size=2)


class TestHistory:
    @given(
        steps=st.lists(
            st.tuples(st.integers(0, 12), LETTERS, st.booleans()), min_size=12, max_size=24
        )
    )
    @settings(max_examples=4, deadline=None)
    async def test_counts_and_overlaps_follow_what_stands(
        self, shared_registry: Registry, steps: list[tuple[int, set[str], bool]]
    ) -> None:
        offices = await make_offices(shared_registry, 13)
        values = {letter: something() for letter in "ab"}
        standing: dict[int, tuple[set[str], bool]] = {}
        everyone = [(place, {"a"}, False) for place in range(12)]
        for place, letters, is_silent in [*everyone, *steps]:
            held = [{**values[letter], "ref": letter} for letter in sorted(letters)]
            body = case(*held, something(ref="own"), disclosure="silent" if is_silent else "open")
            answer = (await offices[place].put_case("24-1", body)).json()
            standing[place] = (letters, is_silent)
            common = {s["ref"] for s in answer["subjects"] if s["common"]}
            crowded = {
                letter
                for letter in letters
                if sum(letter in held and not quiet for held, quiet in standing.values()) > MOST
            }
            assert common == crowded
        await assert_consistent(shared_registry)
        rare = {
            letter
            for letter in "ab"
            if sum(letter in held for held, _ in standing.values()) <= MOST
        }
        for place, (letters, _) in standing.items():
            seen = await offices[place].overlaps()
            expected = {
                offices[other].code
                for other, (held, quiet) in standing.items()
                if other != place and not quiet and held & letters & rare
            }
            assert expected <= {each["counterpart"]["office"]["code"] for each in seen}


async def join(registry: Registry, office: OfficeClient) -> None:
    """Bring the office's participation agreement into force."""
    async with transaction(registry.operator) as session:
        await offices_service.sign_agreement(session, OPERATOR, office.code, agreement())
