from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import httpx
import pytest

from app.client import ClientConfig, ProblemError, RegistryClient
from app.client.cases import Case
from tests.client.cases import a_case, a_subject, somebody_new
from tests.client.line import Line, Send, answer_lost
from tests.client.service import Service


class TestPutCases:
    def test_results_are_in_order_and_refusals_are_not_sent(
        self, client: RegistryClient, line: Line, service: Service, config: ClientConfig
    ) -> None:
        cases: list[Case] = [
            a_case("EX-1"),
            a_case("EX-2", summary="Quentina was seen"),
            a_case("EX-3", summary="Read www.example.com"),
            a_case("EX-4", a_subject(provenance="hotline")),
            a_case("24-CR.5~a_B"),
        ]
        results = list(client.put_cases(cases))
        assert [(each.external_id, each.result, each.code) for each in results] == [
            ("EX-1", "created", ""),
            ("EX-2", "refused", "summary-names-subject"),
            ("EX-3", "refused", "summary-holds-identifier"),
            ("EX-4", "refused", "provenance-refused"),
            ("24-CR.5~a_B", "created", ""),
        ]
        assert results[0].tokens == 15
        assert [number for number, _ in line.put()] == ["EX-1", "EX-3", "24-CR.5~a_B"]
        assert service.cases(config) == {"EX-1", "24-CR.5~a_B"}

    def test_none_asks_for_nothing(self, client: RegistryClient, line: Line) -> None:
        assert list(client.put_cases([])) == []
        assert "PUT /v1/cases" not in line.asked

    def test_memory_holds_few_batches(self, client: RegistryClient) -> None:
        taken, subject = 0, somebody_new()

        def cases() -> list[Case]:
            nonlocal taken
            taken += 1
            return [a_case(f"EX-{taken}", subject)]

        source = (case for _ in range(1500) for case in cases())
        next(client.put_cases(source))
        assert taken <= 3 * 200 + 1


def small_pages(request: httpx.Request, send: Send) -> httpx.Response:
    request.url = request.url.copy_set_param("limit", "2")
    return send(request)


class TestOverlapsAndHandling:
    @pytest.fixture
    def other(self, tmp_path: Path, service: Service) -> Iterator[RegistryClient]:
        config = service.make_office(tmp_path / "other")
        with RegistryClient(config, transport=Line(service.transport)) as client:
            yield client

    @pytest.fixture
    def overlap_id(self, client: RegistryClient, other: RegistryClient) -> str:
        somebody = somebody_new()
        assert len(list(other.put_cases(a_case(f"X-{n}", somebody) for n in range(5)))) == 5
        result = client.put_case(a_case("EX-1", somebody))
        assert len(result.overlaps) == 5
        return str(result.overlaps[0]["id"])

    def test_pages_are_read_to_their_end(
        self, client: RegistryClient, line: Line, overlap_id: str
    ) -> None:
        line.fail(repeat(small_pages), at="GET /v1/overlaps")
        found = list(client.list_overlaps())
        assert len({each["id"] for each in found}) == 5
        assert line.asked.count("GET /v1/overlaps") == 3
        assert client.get_overlap(overlap_id)["id"] == overlap_id

    def test_a_lost_answer_is_asked_for_again(
        self, client: RegistryClient, line: Line, overlap_id: str
    ) -> None:
        line.fail([answer_lost], at="/handling-requests")
        asked = [
            client.request_handling(overlap_id, kind="consult", idempotency_key="asked-once")
            for _ in range(2)
        ]
        assert asked[0] == asked[1]
        assert len(line.recorded("/handling-requests")) == 3
        assert list(client.list_handling_requests()) == asked[:1]

    def test_answering_another_version_is_refused(
        self, client: RegistryClient, other: RegistryClient, overlap_id: str
    ) -> None:
        handling = client.request_handling(overlap_id, kind="consult")
        number, version = handling["id"], handling["version"]
        with pytest.raises(ProblemError) as caught:
            other.answer_handling(
                number, answer="decline", reason="matter_closed", version=version + 1
            )
        assert caught.value.status == 412
        answered = other.answer_handling(number, answer="accept", version=version)
        assert answered["status"] == "accepted"
