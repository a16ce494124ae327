"""Problems as callers see them: where a request is wrong, and a page for each error code."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any, Final

import app
from app.core.errors import AppError, FieldProblem, MovedError, NotFoundError
from app.core.schemas import Read

MAX_PROBLEMS: Final = 20
"""Places that one answer names; it stays small whatever was sent."""

_ADVICE: Final = {
    "missing": "Add this field.",
    "extra_forbidden": "Remove the fields here that the schema does not have.",
    "string_pattern_mismatch": "The text does not have the form that the schema gives.",
    "enum": "Use one of the values that the schema lists.",
    "literal_error": "Use one of the values that the schema lists.",
}
_PAGE_HEAD: Final = """# Problems

Every refusal is an `application/problem+json` document (RFC 9457) and never quotes the request.
Its `code` is stable; its `type` is the address of the entry below, which the service answers too.
Made by `joinder openapi`; edit the error classes instead.
"""


def field_problems(found: Any, sent: Any = None) -> tuple[FieldProblem, ...]:
    """Return pydantic's findings as pointers, codes and advice, without the input; 20 at most.

    Args:
        found: What `ValidationError.errors()` returns.
        sent: The value that was checked, to leave names out of pointers that are not in it.
    """
    return tuple(
        FieldProblem(
            pointer=_pointer(item, sent),
            code=str(item["type"]).replace("_", "-"),
            detail=_advice(item),
        )
        for item in found[:MAX_PROBLEMS]
    )


def _advice(item: Any) -> str:
    if item["type"] == "value_error":  # raised by our own validators, whose texts hold no value
        return str(item["ctx"]["error"])
    return _ADVICE.get(
        item["type"], "The value does not have the type or range that the schema gives."
    )


def _pointer(item: Any, sent: Any) -> str:
    """Return where a finding is, in names of the schema only: RFC 6901, relative to the body.

    A name that the schema does not have is input, so an extra field is shown by its parent.
    """
    parts = list(item["loc"])
    if item["type"] == "extra_forbidden":
        parts.pop()
    if parts[:1] == ["body"]:
        parts = list(_without_tags(parts[1:], sent))
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _without_tags(parts: Sequence[Any], sent: Any) -> Iterator[Any]:
    """Yield the parts without the tags that pydantic adds for the members of a union."""
    for place, part in enumerate(parts):
        if isinstance(sent, dict) and part not in sent and place < len(parts) - 1:
            continue
        yield part
        if isinstance(sent, dict):
            sent = sent.get(part)
        elif isinstance(sent, list) and isinstance(part, int) and part < len(sent):
            sent = sent[part]


def all_errors(parent: type[AppError] = AppError) -> list[type[AppError]]:
    """Return `parent` and every error below it that this process has loaded, by status and code."""
    found = {parent}.union(*map(all_errors, parent.__subclasses__()))
    ours = [error for error in found if error.__module__.startswith("app.")]  # not those of tests
    return sorted(ours, key=lambda error: (error.status, error.code))


class ProblemPage(Read):
    """What an error code means and what to do about it."""

    type: str
    """Address of this page, as in the problem itself."""
    code: str
    """Stable, kebab-case."""
    title: str
    """The same for every problem with this code."""
    status: int
    """HTTP status that it comes with."""
    meaning: str
    """What the service found wrong, without a caller's data."""
    what_to_do: str
    """Advice that a problem gives in `detail` if it has none more exact."""


def explain(code: str) -> ProblemPage:
    """Return what the problem called `code` means and what to do about it.

    Raises:
        NotFoundError: no problem has this code.
    """
    for error in all_errors():
        if error.code == code:
            return ProblemPage(
                type=f"/problems/{code}",
                code=code,
                title=error.title,
                status=error.status,
                meaning=_meaning(error),
                what_to_do=error.default_detail,
            )
    raise NotFoundError


def page() -> str:
    """Return `docs/problems.md`, of the errors of every package."""
    for package in iter_modules(app.__path__):
        if package.ispkg and find_spec(f"app.{package.name}.errors"):
            import_module(f"app.{package.name}.errors")
    entries = [
        f"\n## {error.code}\n\n"
        f"{error.status} {error.title}. {_meaning(error)}\n\n{error.default_detail}\n"
        for error in all_errors()
    ]
    return _PAGE_HEAD + "".join(entries)


def _meaning(error: type[AppError]) -> str:
    meaning = (error.__doc__ or "").partition("\n")[0]
    if issubclass(error, MovedError) and "status_now" not in meaning:
        meaning += " `status_now` says where it stands."
    return meaning
