"""The commands of docs/integrating.md, run as printed against a real service."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.serving.installation import installation
from app.serving.supervisor import running
from tests.database import ROOT

EXAMPLES = ROOT / "docs" / "examples"


def commands(document: str) -> str:
    """Return the shell blocks of a document as one script."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


@pytest.mark.long
class TestIntegrating:
    def test_commands_work_as_printed(
        self, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("JOINDER_DATABASE_URL", raising=False)
        monkeypatch.setenv("JOINDER_HOME", str(scratch / "home"))
        for name in ("export.csv", "map.toml"):
            (tmp_path / name).write_bytes((EXAMPLES / name).read_bytes())
        with installation(is_sandbox=True) as here, running(here, log=tmp_path / "log") as service:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", commands("integrating.md")],
                cwd=tmp_path,
                env={
                    **os.environ,
                    "REGISTRY": service.addresses.registry,
                    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                },
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "0 refused" in done.stdout
        assert "0 overlaps." in done.stderr


def _without_code(document: Path) -> str:
    """Return a document's text without what is set in backquotes: an expression is no link."""
    return re.sub(r"`[^`\n]+`", "", document.read_text(encoding="utf-8"))


class TestLinks:
    def test_relative_links_lead_somewhere(self) -> None:
        documents = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
        broken = [
            (document.name, link)
            for document in documents
            for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", _without_code(document))
            if "://" not in link and not (document.parent / link).exists()
        ]
        assert broken == []
