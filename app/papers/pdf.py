"""Papers as tagged PDF (PDF/UA-1, ISO 14289-1), which screen readers read in order."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

from app.core.turns import Turns

_TURNS: Final = Turns(1, 20, "paper")

TEMPLATE: Final = Path(__file__).with_name("paper.typ").read_bytes()


@dataclass(frozen=True)
class Section:
    """A heading and the lines below it, as plain text: nothing in them is markup."""

    heading: str
    lines: Sequence[str]


async def print_paper(title: str, sections: Sequence[Section]) -> bytes:
    """Return a PDF; the same text always gives the same bytes. Some 100 ms, beside the loop.

    Raises:
        UnavailableError: too many are waiting.
    """
    return await _TURNS.run(partial(_compile, title, sections))


def _compile(title: str, sections: Sequence[Section]) -> bytes:
    import typst  # noqa: PLC0415 -- 7 MB that only who prints needs

    paper = {"title": title, "sections": [asdict(section) for section in sections]}
    made: bytes = typst.compile(
        TEMPLATE,
        format="pdf",
        ignore_system_fonts=True,
        pdf_standards=["ua-1"],
        sys_inputs={"paper": json.dumps(paper)},
    )
    return made
