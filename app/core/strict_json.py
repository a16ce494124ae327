import json
from collections.abc import Iterable
from typing import Any, Final, NoReturn

from app.core.errors import MalformedError

MAX_DEPTH: Final = 32
"""Arrays and objects inside each other."""


def loads(body: bytes) -> Any:
    """Return the value of strict JSON (RFC 8259, I-JSON names and strings of RFC 7493).

    Raises:
        ValueError, RecursionError: not UTF-8, NaN or Infinity, a name twice in one object, a lone
            surrogate, a NUL character, a number too large or too long, or nesting too deep.
    """
    value = json.loads(
        body.decode(),
        object_pairs_hook=_without_duplicates,
        parse_float=_finite,
        parse_constant=_refuse,
    )
    # only an escape can write what texts may not hold: so others need not be looked at
    has_escapes = b"\\u" in body
    _check(value, MAX_DEPTH, texts=has_escapes)
    return value


def parse_json(body: bytes) -> Any:
    """Return the value of strict JSON, as `loads`.

    Raises:
        MalformedError: it is not.
    """
    try:
        return loads(body)
    except (ValueError, RecursionError):
        raise MalformedError("Send JSON without NaN, NUL and names given twice.") from None


def refuse_nul(texts: Iterable[str]) -> None:
    """Refuse what PostgreSQL has no text for.

    Raises:
        MalformedError: a text holds a NUL.
    """
    if any("\0" in each for each in texts):
        raise MalformedError("Send no NUL.")


def _check(value: Any, depth: int, *, texts: bool) -> None:
    if isinstance(value, str):
        if texts and ("\0" in value or not _is_whole(value)):
            raise ValueError("a NUL character or half a character")
    elif isinstance(value, dict | list):
        if depth == 0:
            raise ValueError("too deep")
        if isinstance(value, dict):
            if texts:
                _check(list(value), depth, texts=True)
            value = value.values()
        for each in value:
            _check(each, depth - 1, texts=texts)


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name twice")
    return value


def _finite(text: str) -> float:
    value = float(text)
    return value if abs(value) != float("inf") else _refuse(text)


def _refuse(_text: str) -> NoReturn:
    raise ValueError("not a number of I-JSON")
