"""More of the invented state: rings that cross counties, and what becomes of agreements on them.

The ring of a labor contractor and that of an advertiser touch six counties each. Each subject of
`RING` joins Cedar with one other office, for one state that an agreement can be in.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from app.client.cases import Case
from app.demo.cases import case, firm, person

Partner = tuple[str, str, str, str, str]

RING: Final[dict[str, Partner]] = {
    "draft": ("DEMO-GROVE", "Alban", "Quillfeather", "1976-05-11", "labor"),
    "awaiting_own_leadership": ("DEMO-HAZEL", "Brice", "Rookwood", "1983-09-30", "sex"),
    "sent": ("DEMO-IRONWOOD", "Cosima", "Sandoval-Pike", "1990-01-17", "labor"),
    "countered": ("DEMO-JUNIPER", "Darius", "Tillingham", "1971-12-02", "labor"),
    "awaiting_their_leadership": ("DEMO-LAUREL", "Edda", "Underhay", "1988-07-24", "sex"),
    "active": ("DEMO-MAPLE", "Florian", "Vandersloot", "1965-03-08", "labor"),
    "extended": ("DEMO-OAK", "Gerda", "Wetherell", "1979-10-19", "sex"),
    "concluded": ("DEMO-GROVE", "Hanno", "Yarborough", "1986-06-06", "labor"),
    "declined": ("DEMO-HAZEL", "Ilse", "Zimmerhof", "1993-02-28", "sex"),
    "withdrawn": ("DEMO-JUNIPER", "Jaro", "Abernethy", "1969-08-15", "labor"),
    "escalated": ("DEMO-LAUREL", "Kerstin", "Bellweather", "1982-04-21", "sex"),
    "expired": ("DEMO-OAK", "Lorcan", "Cattermole", "1977-07-09", "labor"),
}
"""By state of an agreement: the other office, and the person whom both are after.

`accepted` is a question's, which state.py has: no law in force takes silence as consent.
"""

_SUMMARIES: Final = {
    "labor": "Wages kept back against a debt that grows; papers held by the employer.",
    "sex": "Rooms booked and advertisements paid for by one organizer.",
}


def number_of(state: str) -> str:
    """Return Cedar's number of the case whose agreement is in this state."""
    return f"26-CR-05{10 + 3 * list(RING).index(state)}"


def _ring() -> Iterator[tuple[str, Case]]:
    """Yield by office the two sides of each subject of the ring."""
    for place, (state, (office, given, surname, born, kind)) in enumerate(RING.items()):
        whom = person(given, surname, born, phone=f"+1 415 555 01{20 + place}")
        told = _SUMMARIES[kind]
        letter = office.removeprefix("DEMO-")[0]
        yield office, case(f"{letter}26-{300 + place}", whom, kind=kind, summary=told)
        yield "DEMO-CEDAR", case(number_of(state), whom, kind=kind, summary=told)


_CONTRACTOR: Final = firm("Sunpath Harvest Crews LLC", phone="+1 415 555 0117")
_ADVERTISER: Final = person("Odalys", "Trentham", "1991-09-02", phone="+1 415 555 0163")
_HIDDEN: Final = person("Ruben", "Castellane", "1974-11-23", phone="+1 415 555 0151")
_BACK: Final = person("Maeve", "Thornbury", "1980-04-04", phone="+1 415 555 0152")

_SCENES: Final = (
    # a contractor and its second crew leader, in six counties
    ("DEMO-HAZEL", case("H26-041", _CONTRACTOR, opened="2026-04-02")),
    ("DEMO-MAPLE", case("M26-020", _CONTRACTOR)),
    ("DEMO-MAPLE", case("M26-021", _HIDDEN)),
    ("DEMO-LAUREL", case("L26-077", _CONTRACTOR, shown="contact_first")),
    # an advertiser, in five
    ("DEMO-JUNIPER", case("J26-009", _ADVERTISER, kind="sex")),
    ("DEMO-OAK", case("O26-015", _ADVERTISER, kind="sex", shown="contact_first")),
    # twins: one last name and one date of birth, two first names, as their page says
    ("DEMO-LAUREL", case("L26-080", person("Ansel", "Brightwater", "1992-05-05"), kind="sex")),
    ("DEMO-CEDAR", case("26-CR-0310", person("Mirko", "Brightwater", "1992-05-05"), kind="sex")),
    # Cedar asks to be called first, and Maple asks whom
    ("DEMO-CEDAR", case("26-CR-0320", _HIDDEN, shown="contact_first")),
    # Cedar declined this one; Ironwood's case came later
    ("DEMO-CEDAR", case("24-CR-0702", _BACK, stage="declined", opened="2024-09-09")),
    ("DEMO-IRONWOOD", case("I26-011", _BACK, opened="2026-07-01")),
)


def _by_office() -> dict[str, tuple[Case, ...]]:
    found: dict[str, list[Case]] = defaultdict(list)
    for office, each in (*_ring(), *_SCENES):
        found[office].append(each)
    return {office: tuple(cases) for office, cases in found.items()}


CASES: Final = _by_office()
"""By office; those of Cedar are posted with its other ones, the new offices' after all."""
