"""Quick checks at the pages; tests/web/test_browser.py makes the tokens in a real browser."""

import json

from app.access.vocabulary import Role
from tests.blinding import case
from tests.factories import Registry
from tests.scenes import make_offices, phone, someone
from tests.web.pages import reader


class TestQuickCheck:
    async def test_tells_whom_to_call_for_an_own_case_and_a_reason(
        self, shared_registry: Registry
    ) -> None:
        me, other, shy = await make_offices(shared_registry, 3)
        subjects = [someone(ref=ref, phones=(phone(),)) for ref in ("1", "2")]
        await me.put_case("24-own", case(someone()))
        await other.put_case("24-1", case(subjects[0]))
        await shy.put_case("24-1", case(subjects[1], disclosure="contact_first"))
        analyst = await reader(shared_registry, me, Role.ANALYST)
        assert "/cases/cms/24-own/check" in (await analyst.page("/check")).links
        chosen = await analyst.get("/check?source_system=cms&external_id=24-own")
        assert chosen.headers["location"] == "/cases/cms/24-own/check"
        form = (await analyst.page("/cases/cms/24-own/check")).form("/check")
        tokens = json.dumps({"epoch": 1, "subjects": subjects})
        for fields, place in (({"reason": "plea"}, "subjects"), ({"subjects": tokens}, "reason")):
            refused = await analyst.send(form, **fields)
            assert (refused.status_code, f'id="{place}-error"' in refused.text) == (422, True)
        shown = await analyst.send(form, subjects=tokens, reason="plea")
        assert shown.status_code == 200
        assert f"Office {other.code}" in shown.text
        assert shy.code not in shown.text
        assert "Post the subject and ask for the contact" in shown.text
        assert "<strong>398</strong>" in shown.text
        kept = (await shared_registry.audit("case.quick_checked"))[-1]
        assert (kept["detail"]["reason"], kept["detail"]["subjects"]) == ("plea", 2)
        assert [each["case"]["external_id"] for each in await me.overlaps()] == []
