"""The coded words of a case beside those that decide about access (data/words.csv)."""

from typing import Final

from app.reference.tables import rows

_ROWS: Final = tuple(rows("words"))


def words(of_list: str) -> tuple[str, ...]:
    """Return the words of a list, in the order of the file.

    Raises:
        KeyError: no list is called so.
    """
    found = tuple(row["word"] for row in _ROWS if row["list"] == of_list)
    if not found:
        raise KeyError(of_list)
    return found


def meaning(of_list: str, word: str) -> str:
    """Return what a word of a list means, as a phrase to show; a word it lacks stands for itself.

    A later release may have taken a word from the list that an older case still has.
    """
    found = (row["meaning"] for row in _ROWS if (row["list"], row["word"]) == (of_list, word))
    return next(found, word)


INDUSTRIES: Final = words("industry")
ORIGINS: Final = words("origin")
STAGES: Final = words("stage")
BASES: Final = words("basis")
DECLINED_REASONS: Final = words("declined_reason")
TOPICS: Final = words("topic")
"""What specialist units give advice on."""
FORUM: Final = words("forum")
"""What speaks for one forum or another."""
NIBRS: Final = {row["code"]: row["title"] for row in rows("nibrs")}
"""Title by code of the FBI's offences that occur in trafficking cases."""
OFFENCES: Final = tuple(NIBRS)
CO_OFFENCES: Final = (*words("co_offence"), *(code for code in NIBRS if code[:2] != "64"))
"""Own words where NIBRS has no offence of the kind, else its codes."""
