import json
from typing import Any, NoReturn


def loads(body: bytes) -> Any:
    """Return the value of strict JSON (RFC 8259, I-JSON names and strings of RFC 7493).

    Raises:
        ValueError, RecursionError: not UTF-8, NaN or Infinity, a name twice in one object, a lone
            surrogate, a NUL character, a number too large or too long, or nesting too deep.
    """
    if b"\\u0000" in body:
        raise ValueError("a NUL character")
    value = json.loads(
        body.decode(),
        object_pairs_hook=_without_duplicates,
        parse_float=_finite,
        parse_constant=_refuse,
    )
    if b"\\ud" in body.lower():
        json.dumps(value, ensure_ascii=False).encode()
    return value


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
