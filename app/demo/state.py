"""An invented state for looking at the pages: offices, people, cases, and what came of overlaps.

Each scene shows one thing that prosecutors meet: a ring across two counties, a recruiter, relatives
who look alike, a shared front business, an office that wants to be called first.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from app.client.cases import Case, Identifier
from app.client.registry import RegistryClient
from app.demo import counties, dealings, offices, people
from app.demo.cases import case, firm, person
from app.demo.offices import STATE
from app.serving import night
from app.serving.installation import Installation, InstallationError, in_transaction

_TYPES: Final = ("labor", "sex", "labor", "undetermined")
_STAGES: Final = ("charged", "pre_charge", "disposed", "charged", "declined")


_PLATE: Final = Identifier("plate", "7DEM042", "CA")

CASES: Final[dict[str, tuple[Case, ...]]] = {
    "DEMO-DOGWOOD": (
        case(
            "D26-0107",
            person("Marlon", "Vestergaard", "1979-04-18", middle="T", phone="+1 415 555 0142"),
            county="06033",
            summary="Restaurant workers held in debt for travel and rent; wages kept back.",
        ),
        case("D26-0112", firm("Sunpath Harvest Crews LLC", phone="+1 415 555 0117")),
        case(
            "D26-0131",
            person("Odalys", "Trentham", "1991-09-02", phone="+1 415 555 0163"),
            kind="sex",
            summary="Advertisements in four counties; one person pays for all of them.",
        ),
        case("D26-0140", person("Corvin", "Aldabert", "1984-01-30"), kind="sex"),
    ),
    "DEMO-ELM": (
        case(
            "2026-00318",
            person("Odalys", "Trentham", "1991-09-02", middle="R"),
            kind="sex",
            shown="contact_first",
        ),
        case(
            "2026-00322",
            person("Leopold", "Strandquist", "1968-12-07", street="410 Quarry Lane"),
            stage="pre_charge",
            shown="contact_first",
        ),
        case("2026-00340", person("Bram", "Hollenkamp", "1990-06-15", phone="+1 415 555 0188")),
    ),
    "DEMO-FIR": (
        case("FC-26-51", person("Jose", "Martinez", "1979-03-21"), kind="sex"),
        case(
            "FC-26-58",
            firm("Sunpath Harvest Crews, L.L.C.", street="77 Packing House Road"),
            summary="Field crews housed in one building; papers kept by the crew leader.",
        ),
        case("FC-26-60", person("Silvan", "Dreyfuss", "1972-10-05"), shown="silent"),
        case("FC-26-64", person("Wendell", "Ashgrove", "1981-08-27", middle="J"), stage="declined"),
    ),
    "DEMO-CEDAR": (
        case(
            "24-CR-0931",
            person(
                "Marlon",
                "Vestergard",
                "1979-04-18",
                middle="T",
                phone="+1 415 555 0142",
                identifiers=(_PLATE,),
            ),
            county="06019",
            summary="Kitchen staff worked without pay to repay a recruiter.",
        ),
        case(
            "26-CR-0207",
            firm(
                "Sunpath Harvest Crews LLC",
                phone="+1 415 555 0117",
                street="77 Packing House Road",
            ),
            county="06019",
            opened="2026-05-04",
            summary="Labor contractor that brings crews for three harvests a year.",
        ),
        case(
            "26-CR-0244",
            person("Odalys", "Trentham", "1991-09-02", phone="+1 415 555 0163"),
            kind="sex",
            opened="2026-06-16",
            summary="One organizer books rooms and pays for advertisements.",
        ),
        case("26-CR-0261", person("Jose", "Martinez", "1988-03-21"), kind="sex"),
        case("26-CR-0270", person("Silvan", "Dreyfuss", "1972-10-05"), kind="both"),
        case("26-CR-0288", person("Ottilie", "Marchbanks", "1986-02-14", phone="+1 415 555 0188")),
        case(
            "26-CR-0290",
            person("Leopold", "Strandquist", "1968-12-07", street="410 Quarry Lane"),
            stage="pre_charge",
            shown="contact_first",
        ),
        case("26-CR-0301", person("Wendell", "Ashgrove", "1981-08-27", middle="P")),
    ),
    "DEMO-AG": (
        case(
            "AG-26-014",
            person("Marlon", "Vestergaard", "1979-04-18", phone="+1 415 555 0142"),
            kind="both",
            summary="Statewide inquiry into one recruiter and those who use him.",
        ),
    ),
}
"""By office. Cedar comes late, so that its queue is full of what others had posted."""

_GIVEN: Final = ("Ferris", "Greta", "Hollis", "Imke", "Jarvis", "Katrin", "Ludo", "Mireille")
_SURNAMES: Final = (
    *("Amberley", "Bexcombe", "Cottrill", "Dunmore"),
    *("Estridge", "Fairholm", "Gatwood", "Hexam"),
)
_FILLERS: Final = 24
"""Of each office: enough that some figures of the state can be told."""
_ORIGINS: Final = ("labor_inspection", "sting", "survivor", "labor_inspection", "agency_referral")
_COUNTIES: Final = {
    "DEMO-DOGWOOD": ("06033", "06055"),
    "DEMO-ELM": ("06007", "06021"),
    "DEMO-FIR": ("06029", "06031"),
    "DEMO-CEDAR": ("06019", "06107"),
    "DEMO-AG": ("06067", ""),
    "DEMO-GROVE": ("06071", "06065"),
    "DEMO-HAZEL": ("06077", "06099"),
    "DEMO-IRONWOOD": ("06089", "06093"),
    "DEMO-JUNIPER": ("06027", "06051"),
    "DEMO-LAUREL": ("06087", "06085"),
    "DEMO-MAPLE": ("06061", "06057"),
    "DEMO-OAK": ("06079", "06083"),
}
"""Where the cases of an office happened: most in the first, some in the second."""


def fillers(code: str) -> Iterator[Case]:
    """Yield cases that overlap with nothing, so that lists look as they do at work."""
    place = [office.code for office in STATE].index(code)
    for index in range(_FILLERS):
        turn, month = divmod(index, len(_GIVEN))
        surname = _SURNAMES[(index + turn) % len(_SURNAMES)]
        yield case(
            f"25-{200 * (place + 1) + 7 * index:04}",
            person(
                _GIVEN[month],
                f"{surname}{'abcdefghijkl'[place]}",
                f"{1945 + 2 * place + index}-0{1 + month}-{10 + place}",
            ),
            kind=_TYPES[(index + place) % len(_TYPES)],
            stage=_STAGES[(index + place) % len(_STAGES)],
            county=_COUNTIES[code][month in {3, 7}],
            opened=f"2025-{1 + month + turn:02}-{10 + place}",
            origin=_ORIGINS[(index + turn) % len(_ORIGINS)],
        )


def show(here: Installation, directory: Path, registry: str, settings: Mapping[str, str]) -> None:
    """Fill the state once; what is there already is left as it is.

    Its night scores with the `settings` that the service scores with.

    Raises:
        InstallationError: an earlier start was interrupted while it did.
    """
    begun, done = directory / "state.begun", directory / "state.json"
    if done.exists():
        return
    if begun.exists():
        raise InstallationError("An earlier start was interrupted: begin again with --fresh.")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    begun.touch()
    keys = offices.create_keys(directory, STATE)
    ids = in_transaction(here, lambda session: offices.add_offices(session, keys, STATE))
    configs = offices.configure(directory, registry, ids, STATE)
    codes = in_transaction(here, people.add_people)  # before the cases: they are told of all
    with ExitStack() as stack:
        clients = {
            office.code: stack.enter_context(RegistryClient(config))
            for office, config in zip(STATE, configs, strict=True)
        }
        for code in dict.fromkeys((*CASES, *counties.CASES)):
            told = (*CASES.get(code, ()), *counties.CASES.get(code, ()))
            home = _COUNTIES[code][0]
            placed = [replace(each, county_fips=each.county_fips or home) for each in told]
            put(clients[code], [*fillers(code), *placed])
        _settle(clients)
        dealings.deal(here, registry, clients)
    people.enrol(registry, codes)
    # what a first night makes is there to see, too
    night.start(here, subprocess.DEVNULL, settings).wait()
    done.write_text(json.dumps(ids))


def put(client: RegistryClient, cases: list[Case]) -> None:
    """Post cases of an office, none of which is refused."""
    refused = [each for each in client.put_cases(cases) if each.result == "refused"]
    assert not refused, refused  # noqa: S101 -- the demo's cases are right, or wrong there


def _settle(clients: dict[str, RegistryClient]) -> None:
    """Give verdicts, ask and answer, so that each state of an overlap is there to see."""
    cedar, dogwood = clients["DEMO-CEDAR"], clients["DEMO-DOGWOOD"]
    dogwood.give_verdict(_of(dogwood, "D26-0107", "Cedar"), "confirmed")
    recruiter = _of(cedar, "24-CR-0931", "Dogwood")
    cedar.give_verdict(recruiter, "confirmed")
    asked = cedar.request_handling(recruiter["id"], kind="consult")
    dogwood.answer_handling(asked["id"], answer="accept", version=asked["version"])
    looks_alike = _of(cedar, "26-CR-0261", "Fir")
    cedar.give_verdict(looks_alike, "not_a_match", reason="different_person")
    elm = clients["DEMO-ELM"]
    elm.request_handling(_of(elm, "2026-00340", "")["id"], kind="information")
    crews = _of(dogwood, "D26-0112", "Fir")
    asked = dogwood.request_handling(crews["id"], kind="consult")
    clients["DEMO-FIR"].answer_handling(
        asked["id"], answer="decline", version=asked["version"], reason="handled_separately"
    )


def _of(client: RegistryClient, number: str, other: str) -> dict[str, Any]:
    """Return the office's overlap of one of its cases with the office of that county."""
    for overlap in client.list_overlaps():
        office = (overlap["counterpart"]["office"] or {}).get("name", "")
        if overlap["case"]["external_id"] == number and office.startswith(other):
            return overlap
    raise LookupError(f"The demo's case {number} has no overlap with {other or 'any office'}.")
