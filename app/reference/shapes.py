"""Outlines of counties as SVG paths, one picture for each state, some 10 units off at most."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from app.reference.tables import rows

_FIPS_OF_STATE: Final = 2
_FIPS_OF: Final = {row["state"]: row["fips"] for row in rows("states")}


@dataclass(frozen=True)
class StateShape:
    """The picture of a state."""

    width: int
    height: int
    counties: dict[str, str]
    """Path by FIPS code; Alaska and Hawaii are drawn where they are, not beside California."""


@cache
def shape_of(state: str) -> StateShape | None:
    """Return the picture of a state, None where there is none, as of Guam or Puerto Rico."""
    fips = _FIPS_OF.get(state)
    of_state = {row["fips"]: row["path"] for row in rows("county_shapes")} if fips else {}
    size = of_state.get(fips or "")
    if fips is None or size is None:
        return None
    width, height = (int(each) for each in size.split())
    counties = {
        county: path
        for county, path in of_state.items()
        if county.startswith(fips) and len(county) > _FIPS_OF_STATE and path
    }
    return StateShape(width, height, counties)
