"""The committed module is what its sources make, and what its integrity value says."""

import base64
import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from tests.browser.peer import MODULE

BROWSER = MODULE.parent
INTEGRITY = BROWSER / "joinder.mjs.sha384"


def test_integrity_is_that_of_the_module() -> None:
    digest = base64.b64encode(hashlib.sha384(MODULE.read_bytes()).digest()).decode()
    assert INTEGRITY.read_text() == f"sha384-{digest}\n"


def test_builds_to_the_same_bytes(node: str, tmp_path: Path) -> None:
    if not (BROWSER / "node_modules").is_dir():
        pytest.skip("no app/browser/node_modules: run make browser")
    target = tmp_path / "joinder.mjs"
    subprocess.run([node, "build.mjs", str(target)], cwd=BROWSER, check=True)
    assert target.read_bytes() == MODULE.read_bytes()
    assert target.with_suffix(".mjs.sha384").read_text() == INTEGRITY.read_text()


def test_every_dependency_is_locked_by_a_hash() -> None:
    packages = json.loads((BROWSER / "package-lock.json").read_bytes())["packages"]
    assert {
        name for name, package in packages.items() if name and not package["integrity"]
    } == set()


def test_bundled_libraries_are_named_in_the_notice() -> None:
    packages = json.loads((BROWSER / "package-lock.json").read_bytes())["packages"]
    notice = (BROWSER / "NOTICE").read_text()
    for name in ("@noble/curves", "@noble/hashes"):
        assert f"{name} {packages[f'node_modules/{name}']['version']}" in notice


def test_needs_no_network_and_no_evaluation() -> None:
    text = MODULE.read_text()
    for word in ("fetch(", "XMLHttpRequest", "import(", "eval(", "new Function", "localStorage"):
        assert word not in text
