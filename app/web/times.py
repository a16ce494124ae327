"""Times as an office reads them: in its own zone, with UTC beside. Pure."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def clock_text(at: datetime, zone: ZoneInfo) -> str:
    """Return an instant as people of the office say it: `Mar 2, 2026, 7:04 AM PST`."""
    local = at.astimezone(zone)
    hour = local.strftime("%I:%M %p").lstrip("0")
    return f"{day_text(local.date())}, {hour} {local.tzname()}"


def utc_text(at: datetime) -> str:
    """Return an instant in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def day_text(day: date) -> str:
    """Return a date as `Mar 2, 2026`."""
    return f"{day.strftime('%b')} {day.day}, {day.year}"


def age_text(at: datetime, now: datetime) -> str:
    """Return how long ago an instant was, in the one unit that matters: `3 days ago`."""
    seconds = max(0, int((now - at).total_seconds()))
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
