"""Papers as tagged PDF (PDF/UA-1, ISO 14289-1), which screen readers read in order."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from app.core.turns import Turns

_TURNS: Final = Turns(1, 20, "paper")
_NEVER: Final = re.compile(r"(?!)")
_NOT_WESTERN: Final = re.compile(r"[^\u0000-\u052f\u1e00-\u22ff]")
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")

TEMPLATE: Final = Path(__file__).with_name("paper.typ").read_bytes()


@dataclass(frozen=True)
class Section:
    """A heading and the lines below it, as plain text: nothing in them is markup."""

    heading: str
    lines: Sequence[str]


async def print_paper(title: str, sections: Sequence[Section]) -> bytes:
    """Return a PDF; the same text always gives the same bytes. Some 100 ms, beside the loop.

    PDF/UA wants every character shown: where a text has one that the fonts of papers lack, its
    rare ones are printed by their numbers, `[U+674E]`.

    Raises:
        UnavailableError: too many are waiting.
    """
    return await _TURNS.run(partial(_compile, title, sections))


def _compile(title: str, sections: Sequence[Section]) -> bytes:
    import typst  # noqa: PLC0415 -- 7 MB that only who prints needs

    paper = {"title": title, "sections": [asdict(section) for section in sections]}
    for numbered in (_NEVER, _NOT_WESTERN):
        try:
            return _print(paper, numbered)
        except typst.TypstError:
            continue
    return _print(paper, _NOT_ASCII)


def _print(paper: Mapping[str, Any], numbered: re.Pattern[str]) -> bytes:
    import typst  # noqa: PLC0415 -- as above

    text = json.dumps(paper, ensure_ascii=False)
    made: bytes = typst.compile(
        TEMPLATE,
        format="pdf",
        ignore_system_fonts=True,
        pdf_standards=["ua-1"],
        sys_inputs={"paper": numbered.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)},
    )
    return made
