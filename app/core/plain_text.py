"""Text that people write and others read on a page, in a list or in a PDF."""

import unicodedata
from typing import Final

from pydantic import AfterValidator

_ALLOWED: Final = frozenset("\n\u200c\u200d")
_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


def require_plain(text: str) -> str:
    """Return a text that shows as what it is, with line feeds and spaces as its only white space.

    Raises:
        ValueError: blank, or with a character that shows nothing or turns what follows around
            (Unicode categories of controls and formats), but for line feeds and for the joiners
            that some scripts are written with.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    seen = (each for each in text if each not in _ALLOWED)
    if not text.strip() or any(unicodedata.category(each) in _HIDDEN for each in seen):
        raise ValueError("Write something, without control characters.")
    return text


Plain = AfterValidator(require_plain)
"""Metadata of a field: its text is plain."""
