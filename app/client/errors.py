from typing import ClassVar, Final

_MAX_TEXT: Final = 300


class ClientError(Exception):
    """Something stopped the client. Says what to do; never holds a value from an export.

    Attributes:
        code: Kebab-case, for scripts.
        exit_code: The status that the command line ends with.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class UsageError(ClientError):
    """The command, the configuration, the map or the file is wrong."""

    exit_code = 2


class TrustError(ClientError):
    """A pinned key, a proof or the match specification does not hold; nothing was posted."""

    exit_code = 76  # EX_PROTOCOL: never to be taken for a few rejected rows


class TemporaryError(ClientError):
    """The registry or the evaluator cannot be reached now; run the same command again."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h


class ProblemError(ClientError):
    """The server refused a request with a problem document (RFC 9457).

    Attributes:
        status: The HTTP status.
        trace_id: What to quote to the registry's administrator.
    """

    exit_code = 77  # EX_NOPERM

    def __init__(self, status: int, code: str, detail: str, *, trace_id: str = "") -> None:
        text = f"{status} {code}: {detail}" + (f" (trace id {trace_id})" if trace_id else "")
        super().__init__(code, text)
        self.status = status
        self.detail = detail
        self.trace_id = trace_id


def printable(value: object) -> str:
    """Return a server's text as one short line without control characters, for a terminal."""
    text = value if isinstance(value, str) else ""
    return "".join(char if char.isprintable() else " " for char in text[:_MAX_TEXT]).strip()
