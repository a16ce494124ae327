"""Counties of the United States by FIPS code, as the Census Bureau numbers them."""

from typing import Final

from app.reference.tables import rows

COUNTIES: Final = {row["fips"]: row["name"] for row in rows("counties")}
"""Name by five digits; those that were split or renamed since 2017 stay, for older cases."""
_STATES: Final = {row["fips"]: row["state"] for row in rows("states")}
STATES: Final = {row["state"]: row["name"] for row in rows("states")}
"""Name of a state, the District or a territory by its two letters, in the order of FIPS codes."""


def state_of(county_fips: str) -> str | None:
    """Return the state of a county, two letters; None where there is no such county."""
    return _STATES[county_fips[:2]] if county_fips in COUNTIES else None


def counties_of(state: str) -> list[tuple[str, str]]:
    """Return the counties of a state, code and name, by name."""
    found = [(fips, name) for fips, name in COUNTIES.items() if state_of(fips) == state]
    return sorted(found, key=lambda each: each[1])
