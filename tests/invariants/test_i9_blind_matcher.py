"""I9. The matcher cannot import case text; dependencies between packages point one way."""

import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

from app.overlaps import postings
from tests.database import ROOT


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("app", include_external_packages=False, cache_dir=None)


def chains(graph: grimp.ImportGraph, importer: str, imported: str) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = graph.find_shortest_chains(importer, imported, as_packages=True)
    return found


def layers() -> Iterator[list[str]]:
    """Yield the layers of the import contract, highest first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    for contract in settings["contracts"]:
        if contract["type"] == "layers":
            for layer in contract["layers"]:
                yield [package.strip() for package in re.split(r"[|:]", layer)]


class TestI9TheMatcherCannotImportCaseText:
    def test_by_no_chain_of_imports(self, graph: grimp.ImportGraph) -> None:
        for package in ("app.overlaps", "app.pairs", "app.rematching"):
            assert chains(graph, package, "app.cases") == set()
        assert chains(graph, "app.cases", "app.overlaps")  # the search finds what is there

    def test_an_import_by_a_detour_would_be_seen(self, graph: grimp.ImportGraph) -> None:
        graph.add_import(importer="app.core.ids", imported="app.cases.models")
        try:
            assert chains(graph, "app.overlaps", "app.cases")
        finally:
            graph.remove_import(importer="app.core.ids", imported="app.cases.models")

    def test_nor_read_it_with_a_statement(self) -> None:
        packages = Path(inspect.getfile(postings)).parents[1]
        text = "\n".join(
            path.read_text()
            for name in ("overlaps", "pairs", "rematching")
            for path in (packages / name).glob("*.py")
        )
        assert re.search(r"\b(FROM|JOIN|INTO|UPDATE)\s+sightings\b", text)
        text = text.replace("SELECT id FROM cases WHERE id", "")  # to lock them, as a post does
        assert not re.search(r"\b(FROM|JOIN|INTO|UPDATE)\s+\"?(cases|case_grants)\b", text)
        assert "summary" not in text

    def test_nor_be_handed_it(self) -> None:
        handed = {
            name
            for kind in (postings.Posting, postings.PostedSubject, postings.Name)
            for name in inspect.signature(kind).parameters
        }
        assert handed == {
            "case_id", "is_new", "is_hidden", "subjects", "ref", "kind", "names", "identifiers",
            "rarity", "elements",
        }  # fmt: skip


class TestI9ImportsPointOneWay:
    def test_no_package_imports_one_above_or_beside_it(self, graph: grimp.ImportGraph) -> None:
        order = list(layers())
        assert {package for layer in order for package in layer} == {
            module for module in graph.modules if module.count(".") == 1
        }
        wrong = [
            (low, high)
            for place, layer in enumerate(order)
            for low in layer
            for above in order[: place + 1]
            for high in above
            if low != high and graph.find_shortest_chains(low, high, as_packages=True)
        ]
        assert wrong == []

    def test_evaluator_client_and_registry_share_no_code_above_core(
        self, graph: grimp.ImportGraph
    ) -> None:
        assert chains(graph, "app.evaluator", "app.core.db") == set()
        for package in ("app.core", "app.overlaps", "app.postgres"):
            assert chains(graph, "app.client", package) == set()
