"""How many overlaps may be opened; what an opening shows and logs is in tests/sharing."""

from app.quotas.allowances import CLIENT, READING, per_day
from tests.factories import Registry
from tests.scenes import meet


class TestReadOverlap:
    async def test_for_a_reason_is_refused_where_the_allowance_is_used_up(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        path = f"/v1/overlaps/{meeting.overlap_id}"
        assert (await meeting.first.http.get(f"{path}?reason=plea")).status_code == 200
        await shared_registry.rows(
            "UPDATE quota_buckets SET spent = :most WHERE holder = :holder RETURNING holder",
            most=CLIENT.burst * per_day(READING),
            holder=f"client:{meeting.first.client_id}",
        )
        refused = await meeting.first.http.get(f"{path}?reason=plea")
        assert (refused.status_code, refused.json()["code"]) == (429, "quota-exceeded")
        assert refused.json()["detail"].endswith(" Wait.")
        absent = await meeting.first.http.get("/v1/overlaps/ovl_absent?reason=plea")
        assert (absent.status_code, absent.json()["code"]) == (404, "overlap-not-found")
        assert (await meeting.first.http.get(path)).status_code == 200
        log = await meeting.second.http.get("/v1/cases/cms/24-1/readings")
        assert len(log.json()["items"]) == 1
