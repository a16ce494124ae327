"""Pages of who may see a case, who read it, and what the office's audit says."""

from datetime import timedelta

from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.web import access_routes
from tests.access.people import handle_jointly
from tests.factories import Registry
from tests.scenes import meet
from tests.web.pages import Form, Reader, reader

ACCESS = "/cases/cms/24-1/access"


async def done(visitor: Reader, form: Form, **fields: str) -> str:
    """Send a form that is right; return the page that it leads to."""
    answer = await visitor.send(form, **fields)
    assert answer.status_code == 303, answer.text
    return (await visitor.get(answer.headers["location"])).text


class TestWhoMaySeeACase:
    async def test_a_grant_is_asked_by_one_approved_by_another_and_withdrawn(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry)
        deputy = await reader(shared_registry, met.first, Role.PROSECUTOR)
        head = await reader(shared_registry, met.first, Role.LEADERSHIP)
        end = (utc_now() + timedelta(days=30)).date().isoformat()
        form = (await deputy.page(ACCESS)).form("/grants")
        wrong = await deputy.send(form, grantee="NOBODY-1", rung="summary", purpose="coordination")
        assert 'id="expires_at-error"' in wrong.text
        asked = {"rung": "summary", "purpose": "coordination", "expires_at": end}
        nobody = await deputy.send(form, grantee="NOBODY-1", **asked)
        assert 'id="grantee-error"' in nobody.text
        text = await done(deputy, form, grantee=met.second.code.lower(), **asked)
        assert "Waits for a second person" in text
        (grant,) = {link for link in (await deputy.page("/grants")).links if "/grants/" in link}
        assert not [f for f in (await deputy.page(grant)).forms if f.action.endswith("approval")]
        text = await done(head, (await head.page(grant)).form("/approval"))
        assert "In force" in text
        assert f"What Office {met.second.code} may see of case" in (await deputy.get(grant)).text
        explained = await deputy.get(f"{ACCESS}?office={met.second.code}")
        assert "A grant to it is in force." in explained.text
        assert (await deputy.get(f"{ACCESS}?office=NOBODY-1")).status_code == 422
        assert "Withdrawn" in await done(deputy, (await deputy.page(grant)).form("/withdrawal"))
        assert "Nothing here" in (await deputy.get("/grants?shown=in_force")).text

    async def test_walls_that_are_not_shown_are_told_of(self, registry: Registry) -> None:
        met = await meet(registry)
        head = await reader(registry, met.first, Role.LEADERSHIP)
        form = (await head.page(ACCESS)).form("/walls")
        await registry.rows(
            "WITH more AS (INSERT INTO offices (code, name, kind, state, contact_title,"
            " contact_phone, contact_email, mail_domain, created_at)"
            " SELECT 'WY-' || n, 'Office ' || n, 'local', 'WY', 'Duty', '555-0100',"
            " 'd@example.com', 'example.com', now() FROM generate_series(1, :n) n RETURNING id)"
            " INSERT INTO case_walls (id, case_id, office_id, set_at, set_by)"
            " SELECT gen_random_uuid(), c.id, more.id, now(), c.external_id FROM more, cases c"
            " JOIN offices o ON o.id = c.office_id WHERE o.code = :code RETURNING 1",
            n=access_routes.MOST_WALLS,
            code=met.first.code,
        )
        for text, is_told in (
            ((await head.get(ACCESS)).text, False),
            (await done(head, form, kept_out=met.second.code), True),
        ):
            assert ("These are the oldest 100;" in text) == is_told
            assert text.count("<li>Office ") == access_routes.MOST_WALLS

    async def test_a_wall_is_set_by_one_and_lifted_by_two(self, shared_registry: Registry) -> None:
        met = await meet(shared_registry)
        heads = [await reader(shared_registry, met.first, Role.LEADERSHIP) for _ in range(2)]
        form = (await heads[0].page(ACCESS)).form("/walls")
        assert (await heads[0].send(form)).status_code == 422
        text = await done(heads[0], form, kept_out=met.second.code)
        assert f"<li>Office {met.second.code}, since" in text
        explained = await heads[0].get(f"{ACCESS}?office={met.second.code}")
        assert "A conflict of interest is on record" in explained.text
        (wall,) = {link for link in (await heads[0].page(ACCESS)).links if "/walls/" in link}
        assert "Another person must ask" in await done(
            heads[0], (await heads[0].page(wall)).form("/lift")
        )
        text = await done(heads[1], (await heads[1].page(wall)).form("/lift"))
        assert "Nobody is kept out." in text
        assert (await heads[0].get(wall)).status_code == 404

    async def test_nothing_of_anothers_case(self, shared_registry: Registry) -> None:
        met = await meet(shared_registry)
        other = await reader(shared_registry, met.second, Role.LEADERSHIP)
        absent = "/cases/cms/24-none"
        for end in ("access", "readings", "grants/grt_" + "0" * 32, "walls/wal_" + "0" * 32):
            assert (await other.get(f"{absent}/{end}")).status_code == 404, end


class TestEmergency:
    async def test_is_told_to_the_owner_who_reviews_it(self, shared_registry: Registry) -> None:
        met = await meet(shared_registry)
        deputy = await reader(shared_registry, met.first, Role.PROSECUTOR)
        head = await reader(shared_registry, met.second, Role.LEADERSHIP)
        assert (
            f"/overlaps/{met.overlap_id}/glass"
            in (await deputy.page(f"/overlaps/{met.overlap_id}")).links
        )
        form = (await deputy.page(f"/overlaps/{met.overlap_id}/glass")).form("/glass")
        short = await deputy.send(form, reason="Now!", minutes="30")
        assert 'id="reason-error"' in short.text
        named = await deputy.send(form, reason="Call 415-555-0142 at once, please.", minutes="30")
        assert 'id="reason-error"' in named.text
        why = "A life is in danger tonight and nobody answers."
        text = await done(deputy, form, reason=why, minutes="30")
        assert 'action="/overlaps/' in text
        (notice,) = {
            link for link in (await head.page("/glass-breaks")).links if link.startswith("/glass-")
        } - {"/glass-breaks"}
        page = await head.get(notice)
        assert why in page.text
        assert f"A person of Office {met.first.code}" in page.text
        assert f">Office {met.first.code}</td>" in (await head.get("/glass-breaks")).text
        assert not [f for f in (await deputy.page(notice)).forms if f.action.endswith("/review")]
        review = (await head.page(notice)).form("/review")
        assert (await head.send(review)).status_code == 422
        assert "Justified" in await done(head, review, finding="justified")
        assert (await head.send(review, finding="not_justified")).status_code == 409


class TestLookingBack:
    async def test_readings_and_audit_say_who_and_what_for(self, shared_registry: Registry) -> None:
        met = await meet(shared_registry)
        await handle_jointly(met)
        visitor = await reader(shared_registry, met.first, Role.PROSECUTOR)
        form = (await visitor.page(f"/overlaps/{met.overlap_id}")).form("/opened")
        assert (await visitor.send(form, opened_for="plea")).status_code == 200
        owner = await reader(shared_registry, met.second, Role.ANALYST)
        reader_name = (await met.second.overlaps())[0]["counterpart"]["office"]["name"]
        for path in ("/readings", "/readings?reason=plea&case=24-1", "/cases/cms/24-1/readings"):
            text = (await owner.get(path)).text
            assert "A person (prosecutor)" in text, path
            assert f">{reader_name}</a></th>" in text, path
        assert "No reading fits" in (await owner.get("/readings?reason=charging")).text
        path = "/audit/readings?reason=plea&case=24-1"
        seen = await (await reader(shared_registry, met.second, Role.AUDITOR)).get(path)
        assert "A person (prosecutor)" in seen.text
        assert (
            f">{(await met.second.overlaps())[0]['counterpart']['office']['name']}</th>"
            in seen.text
        )
        assert (await owner.get(path)).status_code == 403
        auditor = await reader(shared_registry, met.first, Role.AUDITOR)
        assert "Nobody so far" in (await auditor.get("/audit/readings")).text
        assert "Overlap opened" not in (await auditor.get("/audit")).text
        assert "Case posted" in (await auditor.get("/audit?about=cases&since=2020-01-01")).text
        assert "No entry fits" in (await auditor.get("/audit?until=2020-01-01")).text
        assert (await auditor.get("/audit?since=yesterday")).status_code == 422

    async def test_the_auditor_reads_which_overlaps_were_shown_to_whom(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry)
        deputy = await reader(shared_registry, met.first, Role.PROSECUTOR)
        await deputy.page(f"/overlaps/{met.overlap_id}")
        auditor = await reader(shared_registry, met.first, Role.AUDITOR)
        shown = [link for link in (await auditor.page("/audit")).links if "/audit/shown?" in link]
        page = await auditor.get(shown[0])
        (theirs,) = [each["counterpart"]["office"] for each in await met.first.overlaps()]
        for said in (">24-1</th>", f">{theirs['name']}</td>", ">Office and contact</td>"):
            assert said in page.text
        assert met.overlap_id not in page.text
        await shared_registry.rows(
            "UPDATE cases SET disclosure = 'silent'"
            " WHERE office_id = (SELECT id FROM offices WHERE code = :code) RETURNING id",
            code=met.second.code,
        )
        page = await auditor.get(shown[0])
        assert "No longer shown to your office" in page.text
        assert theirs["name"] not in page.text
        other = await reader(shared_registry, met.second, Role.AUDITOR)
        assert (await other.get(shown[0])).status_code == 400
        assert (await auditor.get("/audit/shown?of=")).status_code == 400
        assert (await deputy.get(shown[0])).status_code == 403

    async def test_an_object_that_only_looks_like_a_key_is_shown(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry)
        auditor = await reader(shared_registry, met.first, Role.AUDITOR)
        await shared_registry.rows(
            "INSERT INTO audit_entries (action, office_id, actor, object, recipients, detail,"
            " request_id)"
            " SELECT 'case.posted', o.id, 'x', repeat('a', length), '{}', '{}', ''"
            " FROM offices o, generate_series(31, 37) AS length WHERE o.code = :code"
            " RETURNING audit_entries.id",
            code=met.first.code,
        )
        assert (await auditor.get("/audit")).status_code == 200
