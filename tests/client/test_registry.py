import pytest

from app.client import ProblemError, RegistryClient
from app.client.cases import Case
from tests.client.cases import a_case, a_subject
from tests.client.conftest import make_office
from tests.client.fakes import FakeClock, FakeRegistry


class TestPutCases:
    def test_results_are_in_order_and_refusals_are_not_sent(
        self, client: RegistryClient, registry: FakeRegistry
    ) -> None:
        registry.refused.add("EX-3")
        cases: list[Case] = [
            a_case("EX-1"),
            a_case("EX-2", summary="Quentina was seen"),
            a_case("EX-3"),
            a_case("EX-4", a_subject(provenance="hotline")),
            a_case("24-CR.5~a_B"),
        ]
        results = list(client.put_cases(cases))
        assert [(each.external_id, each.result, each.code) for each in results] == [
            ("EX-1", "created", ""),
            ("EX-2", "refused", "summary-names-subject"),
            ("EX-3", "refused", "summary-guarded"),
            ("EX-4", "refused", "provenance-refused"),
            ("24-CR.5~a_B", "created", ""),
        ]
        assert results[0].tokens == 14
        assert len(registry.cases) == 2

    def test_none_asks_for_nothing(self, client: RegistryClient, registry: FakeRegistry) -> None:
        assert list(client.put_cases([])) == []
        assert ("PUT", "/v1/cases") not in registry.requests

    def test_memory_holds_few_batches(self, client: RegistryClient) -> None:
        taken = 0

        def cases() -> list[Case]:
            nonlocal taken
            taken += 1
            return [a_case(f"EX-{taken}")]

        source = (case for _ in range(1500) for case in cases())
        next(client.put_cases(source))
        assert taken <= 3 * 200 + 1


class TestOverlapsAndHandling:
    @pytest.fixture
    def overlap_id(
        self,
        client: RegistryClient,
        registry: FakeRegistry,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> str:
        other = make_office(tmp_path_factory.mktemp("x") / "other", registry, "office-2")
        with RegistryClient(other, transport=registry.transport(), clock=FakeClock()) as second:
            for number in range(5):
                second.put_case(a_case(f"X-{number}"))
        result = client.put_case(a_case())
        assert len(result.overlaps) == 5
        return str(result.overlaps[0]["id"])

    def test_pages_are_read_to_their_end(
        self, client: RegistryClient, registry: FakeRegistry, overlap_id: str
    ) -> None:
        found = list(client.list_overlaps())
        assert len({each["id"] for each in found}) == 5
        assert registry.requests.count(("GET", "/v1/overlaps")) == 3
        assert client.get_overlap(overlap_id)["id"] == overlap_id

    def test_a_lost_answer_is_asked_for_again(
        self, client: RegistryClient, overlap_id: str
    ) -> None:
        asked = [
            client.request_handling(overlap_id, proposed_lead="requester", idempotency_key="k1")
            for _ in range(2)
        ]
        assert asked[0] == asked[1]
        assert len(list(client.list_handling_requests())) == 1

    def test_answering_an_old_version_is_refused(
        self, client: RegistryClient, overlap_id: str
    ) -> None:
        handling = client.request_handling(overlap_id, proposed_lead="counterpart")
        number, version = handling["id"], handling["version"]
        answered = client.answer_handling(number, answer="accept", version=version)
        assert answered["status"] == "accepted"
        with pytest.raises(ProblemError) as caught:
            client.answer_handling(number, answer="decline", reason="own-case", version=version)
        assert caught.value.status == 412
