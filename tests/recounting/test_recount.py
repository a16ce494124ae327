"""A recount finds and repairs whatever is not as the sightings have it, and says so."""

import re
from dataclasses import replace
from functools import partial
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from app.core.clock import utc_now
from app.core.db import transaction
from app.jobs.nightly import Done, run
from app.jobs.steps import Step, steps
from app.overlaps.facts import PersonFacts
from app.pairs.rows import FoundOverlap
from app.recounting.queries import SLICES, SLICES_AT_ONCE
from app.recounting.rows import Standing
from app.recounting.service import is_altered
from tests.blinding import case
from tests.factories import Registry
from tests.invariants.test_i10_not_a_match import judged, verdicts
from tests.scenes import all_ended, meet, someone

OVERLAPS = """
SELECT low_case_id, high_case_id, band, strength, findings::text, evidence, retracted_at IS NULL
FROM "overlaps" WHERE retracted_at IS NULL ORDER BY 1, 2
"""
DAMAGE = {
    "missed": 'DELETE FROM "overlaps" RETURNING 1',
    "phantom": """
        INSERT INTO "overlaps" (id, low_case_id, high_case_id, band, strength, findings, evidence,
                                version, found_at, changed_at)
        SELECT gen_random_uuid(), l.id, h.id, 'strong', 90, '[]', '{}', 1, now(), now()
        FROM cases l JOIN cases h ON h.id > l.id AND h.office_id <> l.office_id
        WHERE NOT EXISTS (SELECT FROM "overlaps" o WHERE o.low_case_id = l.id
                          AND o.high_case_id = h.id)
        ORDER BY l.id DESC LIMIT 1 RETURNING 1""",
    "altered": """
        UPDATE "overlaps" SET evidence = '{ssn}',
          findings = jsonb_set(findings, '{0,kinds}', '["ssn"]') RETURNING 1""",
}

STORED_ANEW = """
WITH stored AS (
  INSERT INTO subjects (case_id, office_id, ref, kind, rarities, kinds, numbers, is_hidden)
  SELECT case_id, office_id, ref, kind, rarities, kinds, numbers, is_hidden
  FROM subjects ORDER BY id LIMIT 1 RETURNING id),
moved AS (
  UPDATE sightings SET subject_id = (SELECT id FROM stored)
  WHERE subject_id = (SELECT min(id) FROM subjects)),
gone AS (DELETE FROM subjects WHERE id = (SELECT min(id) FROM subjects))
SELECT id FROM stored
"""


def recounting(registry: Registry, *, is_full: bool = False) -> list[Step]:
    every = steps(registry.app.state.intake, is_full=is_full)
    return [each for each in every if each.name.startswith("overlaps.")]


async def recount(registry: Registry, *, is_full: bool = False) -> list[Done]:
    only = recounting(registry, is_full=is_full)
    done = await run(registry.operator, only, as_of=utc_now())
    assert {each.state for each in done} == {"succeeded"}
    return done


async def differences(registry: Registry) -> list[Any]:
    return [entry["detail"]["difference"] for entry in await registry.audit("overlap.recounted")]


async def counted(registry: Registry) -> int:
    rows = await registry.rows("SELECT sum(differences)::int FROM recounts")
    total: int = rows[0][0]
    return total


class TestRecount:
    @pytest.mark.parametrize("fault", DAMAGE)
    async def test_a_full_one_repairs_exactly_and_alarms(
        self, registry: Registry, fault: str
    ) -> None:
        meeting = await meet(registry)
        await meeting.first.put_case("24-2", case(someone()))
        await meeting.second.put_case("24-3", case(someone()))
        before = await registry.rows(OVERLAPS)
        await recount(registry, is_full=True)
        assert await differences(registry) == []
        assert await registry.rows(OVERLAPS) == before
        assert await registry.rows(DAMAGE[fault])
        assert await registry.rows(OVERLAPS) != before
        await recount(registry, is_full=True)
        assert await registry.rows(OVERLAPS) == before
        assert await differences(registry) == [fault]
        assert await counted(registry) == 1

    async def test_a_verdict_on_evidence_that_is_gone_opens_again_and_says_so(
        self, registry: Registry
    ) -> None:
        """What no post changed, the night finds; what was said of it stands for it alone."""
        meeting = await judged(registry)
        await recount(registry, is_full=True)
        assert (await verdicts(meeting))["state"] == "not_a_match"
        phones = "DELETE FROM sightings WHERE alias < 0 RETURNING 1"
        assert await registry.rows(phones)
        await recount(registry, is_full=True)
        assert await differences(registry) == ["altered"]
        seen = await verdicts(meeting)
        assert seen["state"] == "open"
        assert seen["own"]["reopened"] == {"added": [], "removed": ["tel"]}
        assert len(await registry.audit("overlap.reopened")) == 1

    @pytest.mark.parametrize("is_full", [True, False])
    async def test_finds_more_than_it_may_note_at_once(
        self, registry: Registry, *, is_full: bool
    ) -> None:
        """As after a restore without its overlaps: what is in memory at once stays bounded."""
        await recount(registry)  # the first is a full one
        for _ in range(3):
            await meet(registry)
        await all_ended(registry)
        before = await registry.rows(OVERLAPS)
        await registry.rows(DAMAGE["missed"])
        only = recounting(registry, is_full=is_full)
        place = [each.name for each in only].index("overlaps.recount")
        only[place] = replace(only[place], work=partial(only[place].work, most=1))
        done = await run(registry.operator, only, as_of=utc_now())
        # a part for each, one for each statement that finds no more, one for what stands: nothing
        whole = SLICES // SLICES_AT_ONCE + 1 if is_full else 1
        assert done[place].count == 3 + whole
        assert await registry.rows(OVERLAPS) == before
        assert await differences(registry) == ["missed"] * 3

    async def test_one_goes_on_by_commits_and_not_by_numbers(self, registry: Registry) -> None:
        """What commits late has a low number: who reads on after the highest never sees it."""
        await meet(registry)
        await all_ended(registry)
        await recount(registry)
        await registry.rows(DAMAGE["missed"])
        async with transaction(registry.behind) as slow:
            late: int = (await slow.execute(text(STORED_ANEW))).scalar_one()
            await meet(registry)
            rows = await registry.rows("SELECT max(id) FROM subjects")
            naive: int = rows[0][0]
            await recount(registry)
            assert await differences(registry) == []
        await all_ended(registry)
        await recount(registry)
        assert await differences(registry) == ["missed"]
        seen = await registry.rows("SELECT id FROM subjects WHERE id > :naive", naive=naive)
        assert late not in {row[0] for row in seen}

    async def test_one_of_new_posts_looks_at_no_others(self, registry: Registry) -> None:
        await meet(registry)
        await all_ended(registry)
        await recount(registry)  # the first is a full one
        await registry.rows(DAMAGE["missed"])
        assert {each.count for each in await recount(registry)} == {0, 1}
        assert await differences(registry) == []
        await meet(registry)
        await registry.rows(DAMAGE["missed"])
        await all_ended(registry)
        await recount(registry)
        assert await differences(registry) == ["missed"]

    async def test_a_pair_that_fails_holds_up_no_other_one_and_stays_noted(
        self, registry: Registry, fresh_database_url: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        meetings = [await meet(registry) for _ in range(3)]
        before = await registry.rows(OVERLAPS)
        cases = await registry.rows('SELECT low_case_id, high_case_id FROM "overlaps" ORDER BY 1')
        connection = await asyncpg.connect(fresh_database_url)
        await connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE EXCEPTION 'no'; END$$;"
            'CREATE TRIGGER refuse BEFORE INSERT ON "overlaps" FOR EACH ROW'
            f" WHEN (NEW.low_case_id = {cases[0][0]}) EXECUTE FUNCTION refuse()"
        )
        await registry.rows(DAMAGE["missed"])
        only = [
            replace(each, limit=1) if each.name == "overlaps.compare" else each  # it is the first
            for each in recounting(registry, is_full=True)
        ]
        done = {each.step: each for each in await run(registry.operator, only, as_of=utc_now())}
        compared = done["overlaps.compare"]
        assert (compared.state, compared.count) == ("failed", len(meetings) - 1)
        logged = next(each for each in capsys.readouterr().out.splitlines() if "item_" in each)
        (called,) = compared.failed
        assert called in logged
        assert not re.fullmatch(r"\D*{}\D+{}\D*".format(*cases[0]), called), "nobody learns of it"
        assert await differences(registry) == ["missed"] * 2
        assert len(await registry.rows(OVERLAPS)) == len(meetings) - 1
        await connection.execute("DROP FUNCTION refuse() CASCADE")
        await connection.close()
        await recount(registry)  # of new posts: that pair is noted still
        assert await registry.rows(OVERLAPS) == before

    async def test_a_case_that_is_held_is_compared_by_the_next(self, registry: Registry) -> None:
        """Who holds it may do something else than matching it, so it must not be forgotten."""
        await meet(registry)
        await registry.rows(DAMAGE["missed"])
        async with transaction(registry.behind) as other:
            await other.execute(text("SELECT FROM cases ORDER BY id LIMIT 1 FOR NO KEY UPDATE"))
            await recount(registry, is_full=True)
            assert await differences(registry) == []
        await recount(registry)
        assert await differences(registry) == ["missed"]


TOKENS = "SELECT * FROM tokens ORDER BY token"
DRIFT = {
    "too many": "UPDATE tokens SET subjects = subjects + 60, offices = offices + 3,"
    " is_common = TRUE RETURNING 1",
    "too few": "UPDATE tokens SET subjects = 0, offices = 0 RETURNING 1",
    "hidden": "UPDATE tokens SET hidden_subjects = 2, hidden_offices = 2 RETURNING 1",
    "flagged": "UPDATE tokens SET is_common = TRUE WHERE offices = 2 RETURNING 1",
}


class TestFrequencies:
    @pytest.mark.parametrize("drift", DRIFT)
    async def test_a_full_one_counts_anew_who_holds_what_and_alarms(
        self, registry: Registry, drift: str
    ) -> None:
        await meet(registry)
        hidden = await meet(registry, "silent")
        await hidden.first.put_case("24-2", case(someone()))
        before, overlaps = await registry.rows(TOKENS), await registry.rows(OVERLAPS)
        await recount(registry, is_full=True)
        assert await registry.audit("tokens.recounted") == []
        wrong = await registry.rows(DRIFT[drift])
        await recount(registry)  # of new posts
        assert await registry.rows(TOKENS) != before
        await recount(registry, is_full=True)
        assert await registry.rows(TOKENS) == before
        told = [each["detail"] for each in await registry.audit("tokens.recounted")]
        assert sum(each["corrected"] for each in told) == len(wrong) == await counted(registry)
        assert await registry.rows(OVERLAPS) == overlaps
        await recount(registry, is_full=True)
        assert await counted(registry) == len(wrong)

    async def test_one_that_was_common_by_mistake_matches_again(self, registry: Registry) -> None:
        await meet(registry)
        before = await registry.rows(OVERLAPS)
        await registry.rows(DRIFT["flagged"])
        await registry.rows(DAMAGE["missed"])
        await recount(registry, is_full=True)
        assert await registry.rows(OVERLAPS) == before
        assert await differences(registry) == ["missed"]

    async def test_more_than_it_may_mend_at_once_is_mended_in_parts(
        self, registry: Registry
    ) -> None:
        await meet(registry)
        before = await registry.rows(TOKENS)
        wrong = await registry.rows(DRIFT["too many"])
        only = recounting(registry, is_full=True)
        place = [each.name for each in only].index("overlaps.recount")
        only[place] = replace(only[place], work=partial(only[place].work, most=1))
        await run(registry.operator, only, as_of=utc_now())
        assert await registry.rows(TOKENS) == before
        assert await counted(registry) == len(wrong)

    async def test_a_token_whose_row_is_lost_is_told_each_time(self, registry: Registry) -> None:
        await meet(registry)
        assert await registry.rows(
            "DELETE FROM tokens WHERE token = (SELECT token FROM tokens ORDER BY token LIMIT 1)"
            " RETURNING 1"
        )
        for times in (1, 2):
            await recount(registry, is_full=True)
            told = [each["detail"] for each in await registry.audit("tokens.recounted")]
            assert told == [{"lost": 1}] * times


class TestAltered:
    @pytest.mark.parametrize(("once", "is_told"), [("dl", False), ("ssn", True)])
    def test_a_number_of_another_issuer_that_once_counted_is_no_fault_of_posting(
        self, *, once: str, is_told: bool
    ) -> None:
        finding: dict[str, Any] = {"subjects": ["1", "1"], "finding": "same_person"}
        facts = vars(PersonFacts("exact", "exact", "full", "unknown")) | {"shared": []}
        before, now = [finding | {"facts": facts | {"differing": each}} for each in ([once], [])]
        found = FoundOverlap(1, 2, 1, 2, "strong", 9, [now])
        assert is_altered(Standing("strong", found.evidence, [before]), found) == is_told
