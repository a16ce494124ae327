import re
from contextlib import suppress

from app.access.principal import Principal
from app.audit import service
from tests.blinding import case
from tests.factories import Registry
from tests.scenes import make_offices, meet, phone, someone

CALLER = Principal("client:test", 7, frozenset(), request_id="trace-audit")


class TestRecord:
    async def test_is_written_with_the_effect_and_lost_with_it(
        self, shared_registry: Registry
    ) -> None:
        async with shared_registry.acting(CALLER) as session:
            await service.record(session, CALLER, "test.kept", "object-1", recipients=[1, 2])
        with suppress(ZeroDivisionError):
            async with shared_registry.acting(CALLER) as session:
                await service.record(session, CALLER, "test.lost", "object-2")
                raise ZeroDivisionError
        (kept,) = await shared_registry.audit("test.kept")
        assert await shared_registry.audit("test.lost") == []
        assert {name: kept[name] for name in ("actor", "office_id", "object", "recipients")} == {
            "actor": "client:test", "office_id": 7, "object": "object-1", "recipients": [1, 2],
        }  # fmt: skip
        assert kept["request_id"] == "trace-audit"

    async def test_takes_its_time_from_the_database(self, shared_registry: Registry) -> None:
        async with shared_registry.acting(CALLER) as session:
            for target in ("a", "b"):
                await service.record(session, CALLER, "test.timed", target)
        first, second = await shared_registry.audit("test.timed")
        assert first["at"] < second["at"]  # the clock, not the start of the transaction

    async def test_each_writes_one_row_per_target(self, shared_registry: Registry) -> None:
        entries = [
            service.Entry("test.each", f"o{n}", [n] * (n % 3), {"version": n}) for n in range(50)
        ]
        async with shared_registry.acting(CALLER) as session:
            await service.record_each(session, CALLER, entries)
        found = await shared_registry.audit("test.each")
        assert [(entry["object"], entry["recipients"], entry["detail"]) for entry in found] == [
            (entry.target, entry.recipients, entry.detail) for entry in entries
        ]


class TestWhatIsRecorded:
    async def test_a_post_and_each_change_of_it(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        body = case(someone())
        for summary in ("One.", "Two.", "Two."):
            await office.put_case("24-1", {**body, "summary": summary})
        entries = [
            entry for entry in await shared_registry.audit("case.posted")
            if entry["client_id"] == office.client_id
        ]  # fmt: skip
        assert [entry["detail"]["version"] for entry in entries] == [1, 2]
        assert len({entry["object"] for entry in entries}) == 1

    async def test_every_reading_of_an_overlap_with_what_was_shown(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry, "contact_first", "open")
        await meeting.second.overlaps()
        await meeting.second.http.get(f"/v1/overlaps/{meeting.overlap_id}")
        await meeting.second.put_case("24-1", meeting.second_case)
        entries = [
            entry for entry in await shared_registry.audit("overlaps.disclosed")
            if entry["client_id"] == meeting.second.client_id
        ]  # fmt: skip
        assert [entry["detail"] for entry in entries] == [{meeting.overlap_id: "pointer"}] * 4

    async def test_no_disclosure_where_nothing_was_shown(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry, "silent", "silent")
        for client in (meeting.first, meeting.second):
            assert await client.overlaps() == []
        entries = [
            entry for entry in await shared_registry.audit("overlaps.disclosed")
            if entry["client_id"] in {meeting.first.client_id, meeting.second.client_id}
        ]  # fmt: skip
        assert all(entry["detail"] == {} for entry in entries)

    async def test_opaque_ids_counts_and_codes_only(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        asked = (await meeting.first.request_handling(meeting.overlap_id)).json()
        await meeting.second.answer(asked["id"], {"answer": "accept"})
        await meeting.first.put_case("24-1", case(someone(phones=(phone(),)), summary="Hearsay."))
        rows = await shared_registry.rows(
            "SELECT a.object || ' ' || a.detail::text FROM audit_entries a"
            " WHERE a.action NOT LIKE 'test.%'"
        )
        words = {word for (text,) in rows for word in re.findall(r"[A-Za-z]{5,}", text)}
        assert "version" in words
        assert not words & {"Hearsay", "kitchen", "Worked", "Alex", "Quillon", "cms"}
