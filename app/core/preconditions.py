"""`If-Match` (RFC 9110, section 13.1.1): act on the version that was read, or not at all."""

import re
from dataclasses import dataclass
from typing import Final, Self

from app.core.errors import PreconditionFailedError

_TAGS: Final = re.compile(r'((?:W/)?"[\x21\x23-\x7e]*")')


@dataclass(frozen=True)
class Precondition:
    """What a request's `If-Match` names: versions, or any that stands."""

    tags: frozenset[str]
    is_any: bool = False

    @classmethod
    def parse(cls, header: str) -> Self:
        """Return what a header names; what is no list of entity tags names none."""
        if header.strip() == "*":
            return cls(frozenset(), is_any=True)
        between = _TAGS.sub("", header)
        return cls(frozenset() if between.strip(" \t,") else frozenset(_TAGS.findall(header)))

    def require(self, tag: str | None) -> None:
        """Refuse to act on another version; `tag` is None where there is none to act on.

        Tags are compared strongly: ours are never weak, so a weak one is no match.

        Raises:
            PreconditionFailedError: the version is not named.
        """
        if tag is None or not (self.is_any or tag in self.tags):
            raise PreconditionFailedError
