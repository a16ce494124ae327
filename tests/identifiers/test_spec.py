"""The published specification names everything that the code has."""

import re

from app.identifiers.errors import ADVICE
from app.identifiers.kinds import KINDS
from tests.database import ROOT

SPEC = (ROOT / "docs/match-spec.md").read_text(encoding="utf-8")


def test_every_kind_is_in_the_table_of_its_class() -> None:
    section = SPEC[SPEC.index("## 5.") : SPEC.index("## 6.")]
    rows = [row for row in section.splitlines() if row.startswith("| `")]
    for name, kind in KINDS.items():
        (row,) = [row for row in rows if f"`{name}`" in row.split("|")[1]]
        _, _, codes, key_class, evidence, subjects, _ = row.split("|")
        first, *rest = map(int, re.findall("[0-9]+", codes))
        span = range(first, rest[-1] + 1) if "to" in codes else (first, *rest)
        assert kind.code in span
        assert kind.key_class == key_class.strip(" `") or key_class.strip() == "each its own"
        assert kind.evidence == evidence.strip()
        expected = "any" if len(kind.subjects) > 1 else f"{next(iter(kind.subjects))}s"
        assert subjects.strip().split(":")[0] == expected


def test_every_refusal_is_named() -> None:
    assert {code for code in ADVICE if f"`{code}`" not in SPEC} == set()


def test_the_example_of_an_input_is_one() -> None:
    (shown,) = re.findall(r"`(000f [0-9a-f ]+)`", SPEC)
    fields = ("joinder/v1/p.xx", "D426", "J200", "19790305")
    assert bytes.fromhex(shown) == b"".join(
        len(field).to_bytes(2, "big") + field.encode() for field in fields
    )
