"""Where an office is: whose holidays it keeps, and by which clock its days begin. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time
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


@dataclass(frozen=True)
class Seat:
    """Where an office is."""

    state: str
    """Two letters."""
    zone: ZoneInfo

    def day_of(self, at: datetime) -> date:
        """Return the day that it is here at an instant."""
        return at.astimezone(self.zone).date()

    def begin_of(self, day: date) -> datetime:
        """Return the instant with which a day begins here."""
        return datetime.combine(day, time.min, self.zone)


def seat_of(state: str, zone: str | None = None) -> Seat:
    """Return the seat of an office: in `zone`, else its state's, else (no state of ours) UTC."""
    return Seat(state, ZoneInfo(zone or ZONES.get(state, "UTC")))
