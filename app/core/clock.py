from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current instant, aware and in UTC; the only place that reads the clock."""
    return datetime.now(UTC)
