"""The register of grants: making, approving, withdrawing; and what each shows."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.ids import parse_public_id
from tests.access.people import handle_jointly, sign_in
from tests.factories import OfficeClient, Registry
from tests.scenes import Meeting, at_once, make_offices, meet

PATH = "/v1/cases/cms/24-1/grants"
SOON = (utc_now() + timedelta(days=30)).replace(microsecond=0).isoformat()


async def give(
    owner: OfficeClient, to: OfficeClient, level: str = "summary", /, **changes: Any
) -> httpx.Response:
    body = {"office": to.code, "rung": level, "purpose": "coordination", "expires_at": SOON}
    return await owner.http.post(PATH, json={**body, **changes})


async def rung(meeting: Meeting) -> str | None:
    """Return what the first office sees of the second's case."""
    seen = await meeting.first.overlaps()
    return seen[0]["rung"] if seen else None


@pytest.fixture
async def meeting(shared_registry: Registry) -> Meeting:
    return await meet(shared_registry, "open", "silent")


class TestMake:
    @pytest.mark.parametrize("level", ["pointer", "contact"])
    async def test_up_to_the_contact_counts_at_once(self, meeting: Meeting, level: str) -> None:
        assert await rung(meeting) is None
        made = await give(meeting.second, meeting.first, level)
        assert (made.status_code, made.json()["state"]) == (201, "in_force"), made.text
        assert await rung(meeting) == level

    @pytest.mark.parametrize("level", ["summary", "record"])
    async def test_from_the_summary_on_it_waits(self, meeting: Meeting, level: str) -> None:
        made = await give(meeting.second, meeting.first, level)
        assert (made.status_code, made.json()["state"]) == (201, "pending"), made.text
        assert await rung(meeting) is None

    async def test_twice_is_once(self, meeting: Meeting) -> None:
        first = await give(meeting.second, meeting.first)
        other = await give(meeting.second, meeting.first, purpose="transfer")
        assert len((await meeting.second.http.get(PATH)).json()["items"]) == 2
        await meeting.registry.rows(  # however many came since
            "INSERT INTO case_grants (case_id, grantee_office_id, rung, purpose, granted_at)"
            " SELECT case_id, grantee_office_id, 1, 'test', now() FROM case_grants,"
            " generate_series(1, 100) WHERE key = CAST(:key AS uuid) RETURNING id",
            key=first.json()["id"][4:],
        )
        second = await give(meeting.second, meeting.first)
        assert first.json() == second.json() != other.json()

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"office": "NO-SUCH-OFFICE"}, "/office"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
            ({"expires_at": "2099-01-01T00:00:00Z"}, "/expires_at"),
            ({"expires_at": "2099-01-01T00:00:00"}, "/expires_at"),
            ({"purpose": "curiosity"}, "/purpose"),
            ({"rung": "*"}, "/rung"),
            ({"owner": "me"}, ""),
        ],
    )
    async def test_of_another_form_is_refused(
        self, meeting: Meeting, changes: dict[str, str], pointer: str
    ) -> None:
        refused = await give(meeting.second, meeting.first, **changes)
        assert refused.status_code == 422
        assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]

    async def test_to_oneself_is_refused(self, meeting: Meeting) -> None:
        assert (await give(meeting.second, meeting.second)).status_code == 422

    async def test_of_anothers_case_is_as_of_none(self, meeting: Meeting) -> None:
        (third,) = await make_offices(meeting.registry, 1)
        answer = await give(third, meeting.first)
        assert (answer.status_code, answer.json()["code"]) == (404, "case-not-found")

    async def test_of_one_overlap_counts_in_it_alone(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry, "open", "contact_first")
        other = await meet(
            shared_registry, offices=[meeting.first, meeting.second], external_id="24-2"
        )
        made = await give(meeting.second, meeting.first, "contact", overlap_id=meeting.overlap_id)
        assert made.json()["overlap_id"] == meeting.overlap_id, made.text
        whole = await give(meeting.second, meeting.first, "contact")
        again = await give(meeting.second, meeting.first, "contact", overlap_id=meeting.overlap_id)
        assert again.json() == made.json() != whole.json()
        # of the other case it is no overlap, nor with a third office
        (third,) = await make_offices(shared_registry, 1)
        for to, key in ((meeting.first, other.overlap_id), (third, meeting.overlap_id)):
            refused = await give(meeting.second, to, "contact", overlap_id=key)
            assert refused.json()["errors"][0]["pointer"] == "/overlap_id"

    async def test_of_one_overlap_tells_nobody_who_is_behind_a_pointer(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry, "contact_first", "open")
        (third,) = await make_offices(shared_registry, 1)
        right, wrong = [
            (await give(meeting.second, to, "contact", overlap_id=meeting.overlap_id)).json()
            for to in (meeting.first, third)
        ]
        assert right["errors"] == wrong["errors"]
        assert right["code"] == "grant-invalid"


class TestApprove:
    async def test_takes_a_second_person_and_the_same_digest(self, meeting: Meeting) -> None:
        registry, owner = meeting.registry, meeting.second
        lead, other = [await sign_in(registry, owner, Role.LEADERSHIP) for _ in range(2)]
        made = (await lead.send("POST", PATH, {
            "office": meeting.first.code, "rung": "summary", "purpose": "transfer",
            "expires_at": SOON,
        })).json()  # fmt: skip
        path, body = f"{PATH}/{made['id']}/approvals", {"digest": made["digest"]}
        prosecutor = await sign_in(registry, owner, Role.PROSECUTOR, Role.ANALYST)
        elsewhere = await sign_in(registry, meeting.first, Role.LEADERSHIP)
        late = await sign_in(registry, owner, Role.LEADERSHIP, minutes_ago=16)
        for who, code in (
            (owner, "missing-scope"),
            (prosecutor, "missing-scope"),
            (lead, "second-person-needed"),
            (late, "step-up-needed"),
            (elsewhere, "grant-not-found"),  # its own case of the same number has none
        ):
            assert (await who.http.post(path, json=body)).json()["code"] == code
        wrong = await other.send("POST", path, {"digest": "0" * 64})
        assert wrong.json()["code"] == "grant-digest-differs"
        assert await rung(meeting) is None
        done = await other.send("POST", path, body)
        assert (done.json()["state"], done.json()["approved_by"]) == (
            "in_force", f"person:{other.key}",
        )  # fmt: skip
        assert await rung(meeting) == "summary"
        assert (await other.send("POST", path, body)).json()["code"] == "grant-not-pending"

    async def test_after_a_day_is_too_late(self, meeting: Meeting) -> None:
        made = (await give(meeting.second, meeting.first)).json()
        await meeting.registry.rows(
            "UPDATE case_grants SET granted_at = granted_at - interval '1 day'"
            " WHERE key = CAST(:key AS uuid) RETURNING id",
            key=made["id"][4:],
        )
        lead = await sign_in(meeting.registry, meeting.second, Role.LEADERSHIP)
        late = await lead.send("POST", f"{PATH}/{made['id']}/approvals", {"digest": made["digest"]})
        assert (late.status_code, late.json()["code"]) == (409, "grant-ended")

    async def test_a_machine_client_never_can_whatever_its_scopes(self, meeting: Meeting) -> None:
        made = (await give(meeting.second, meeting.first)).json()
        await meeting.registry.rows(
            "UPDATE client_credentials SET scopes = scopes || '{grants:approve}'::text[]"
            " WHERE id = CAST(:id AS uuid) RETURNING id",
            id=meeting.second.client_id,
        )
        client = meeting.registry.client(
            meeting.second.code, meeting.second.client_id, "grants:approve grants:read"
        )
        answer = await client.http.post(
            f"{PATH}/{made['id']}/approvals", json={"digest": made["digest"]}
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "missing-scope")


class TestWithdraw:
    async def test_counts_from_the_next_request_on(self, meeting: Meeting) -> None:
        made = (await give(meeting.second, meeting.first, "contact")).json()
        assert await rung(meeting) == "contact"
        gone = await meeting.second.http.delete(f"{PATH}/{made['id']}")
        assert (gone.status_code, gone.json()["state"]) == (200, "withdrawn")
        assert await rung(meeting) is None
        again = await meeting.second.http.delete(f"{PATH}/{made['id']}")
        assert (again.status_code, again.json()["code"]) == (409, "grant-ended")

    async def test_ends_what_joint_handling_gave(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        await handle_jointly(meeting)
        assert await rung(meeting) == "summary"
        grant, contact = (await meeting.second.http.get(PATH)).json()["items"]
        assert grant["purpose"] == contact["purpose"] == "handling_accepted"
        assert (grant["rung"], contact["rung"]) == ("summary", "contact")
        await meeting.second.http.delete(f"{PATH}/{grant['id']}")
        assert await rung(meeting) == "contact"

    async def test_is_the_owners_alone(self, meeting: Meeting) -> None:
        made = (await give(meeting.second, meeting.first, "contact")).json()
        await meeting.first.put_case("24-1", meeting.first_case)
        answer = await meeting.first.http.delete(f"{PATH}/{made['id']}")
        assert (answer.status_code, answer.json()["code"]) == (404, "grant-not-found")
        assert await rung(meeting) == "contact"


class TestTwoAtOnce:
    async def test_one_wins_and_the_other_is_told_where_it_stands(self, meeting: Meeting) -> None:
        heads = [await sign_in(meeting.registry, meeting.second, Role.LEADERSHIP) for _ in range(2)]
        for acts, state in (
            (("approve", "approve"), "in_force"),
            (("withdraw", "withdraw"), "withdrawn"),
            (("approve", "withdraw"), "withdrawn"),
        ):
            made = (await give(meeting.second, meeting.first)).json()
            path, body = f"{PATH}/{made['id']}", {"digest": made["digest"]}
            answers = await at_once(
                meeting.registry,
                "SELECT FROM case_grants WHERE key = :key FOR UPDATE",
                [
                    head.send("POST", f"{path}/approvals", body)
                    if act == "approve"
                    else head.send("DELETE", path)
                    for head, act in zip(heads, acts, strict=True)
                ],
                key=parse_public_id("grt", made["id"]),
            )
            lost = [each for each in answers if each.status_code != 200]
            # what was approved can be withdrawn after; nothing else leads on from either
            assert len(lost) == 1 or (lost == [] and len({*acts}) == 2)
            assert [(each.status_code, each.json()["status_now"]) for each in lost] == [
                (409, state)
            ] * len(lost)
            listed = (await meeting.second.http.get(PATH)).json()["items"]
            assert listed[0]["state"] == state
            await heads[0].send("DELETE", path)


class TestList:
    async def test_pages_newest_first(self, meeting: Meeting) -> None:
        for level in ("pointer", "contact", "summary"):
            await give(meeting.second, meeting.first, level)
        listed, cursor = [], None
        for _ in range(4):
            params = {"limit": "1", **({"cursor": cursor} if cursor else {})}
            page = (await meeting.second.http.get(PATH, params=params)).json()
            listed += [item["rung"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert listed == ["summary", "contact", "pointer"]
        assert cursor is None
