"""Statutes on trafficking, each for the time it was law, and what NIBRS counts it as."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from app.reference.tables import covers, day, rows


@dataclass(frozen=True)
class Statute:
    """One wording of one statute, from the day it was law to the day it no longer is."""

    code: str
    """What a case calls it, such as `ca-pc-236.1-a`; wordings of one statute share it."""
    jurisdiction: str
    """State, two letters, or `US`."""
    citation: str
    title: str
    trafficking: str
    """`sex`, `labor` or `both`."""
    nibrs: tuple[str, ...]
    """Every NIBRS offence that it is counted as; several statutes share one."""
    effective_on: date | None
    """First day of the offence, of a later wording its own; None is no bound."""
    ends_on: date | None
    """First day it is no longer law; None while it is."""
    source: str
    """Addresses of what was read, with spaces: the text first."""
    verified_by: str
    """Who read all that the row says in a published text; empty means nobody yet."""
    verified_on: date | None
    """The day of it; None means nobody yet."""
    withdrawn_on: date | None
    """Since when no post may name it; what names it already is still told. None while it stands."""


def _read(row: dict[str, str]) -> Statute:
    return Statute(
        code=row["code"],
        jurisdiction=row["jurisdiction"],
        citation=row["citation"],
        title=row["title"],
        trafficking=row["trafficking"],
        nibrs=tuple(row["nibrs"].split()),
        effective_on=day(row["effective_on"]),
        ends_on=day(row["ends_on"]),
        source=row["source"],
        verified_by=row["verified_by"],
        verified_on=day(row["verified_on"]),
        withdrawn_on=day(row["withdrawn_on"]),
    )


STATUTES: Final = tuple(_read(row) for row in rows("statutes"))
CODES: Final = frozenset(each.code for each in STATUTES if each.withdrawn_on is None)
"""What a post may name."""


def statute_of(code: str, on: date) -> Statute | None:
    """Return the wording that the table has for a day, of a withdrawn row too; None without one."""
    for statute in STATUTES:
        if statute.code == code and covers(statute.effective_on, statute.ends_on, on):
            return statute
    return None


def is_newer(wording: Statute) -> bool:
    """Return whether the table has the wording before: the statute was law before its day."""
    return wording.effective_on is not None and any(
        (each.code, each.ends_on) == (wording.code, wording.effective_on) for each in STATUTES
    )
