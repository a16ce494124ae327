"""Times as an office reads them: in its own zone, with UTC beside. Pure."""

from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

_STATES: Final = {
    "America/New_York": "CT DC DE FL GA IN KY MA MD ME MI NC NH NJ NY OH PA RI SC VA VT WV",
    "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
    "America/Denver": "CO ID MT NM UT WY",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA NV OR WA",
    "America/Anchorage": "AK",
    "Pacific/Honolulu": "HI",
    "America/Puerto_Rico": "PR VI",
    "Pacific/Guam": "GU MP",
    "Pacific/Pago_Pago": "AS",
}
ZONES: Final = {state: zone for zone, states in _STATES.items() for state in states.split()}
"""By state, the zone of its capital; the operator names that of an office in another one."""


def zone_of(state: str, named: str | None = None) -> ZoneInfo:
    """Return the zone of an office: `named` or its state's, UTC where the state is none of ours."""
    return ZoneInfo(named or ZONES.get(state, "UTC"))


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
