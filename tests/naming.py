"""Names of cases for tests that go through many: pytest's own cost more than most of them do."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def naming(case: object) -> Iterator[None]:
    """Name the case in whatever fails inside."""
    try:
        yield
    except BaseException as failure:
        failure.add_note(f"The case is {case!r}.")
        raise
