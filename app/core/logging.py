import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

ALLOWED = frozenset(
    {
        *("event", "name", "level", "timestamp", "process"),
        *("request_id", "method", "route", "status", "milliseconds"),
        *("office", "error", "place", "reason", "confined", "step", "item", "count"),
    }
)
"""The only fields a log line may have: an allow-list, so that an identifier cannot slip in."""


def _only_allowed(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key in ALLOWED}


class _Bridge(logging.Handler):
    """Hands records of libraries to structlog by logger name only: their texts may quote input."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        level = logging.ERROR if record.levelno >= logging.ERROR else logging.WARNING
        structlog.get_logger().log(level, "library", name=record.name, error=kind)


def configure(process: str) -> None:
    """Write JSON lines to standard error for this process, fields limited to `ALLOWED`."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_allowed,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    logging.captureWarnings(capture=True)  # Python prints the source line with a warning
    logging.basicConfig(handlers=[_Bridge()], level=logging.WARNING, force=True)
