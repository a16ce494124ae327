"""The demo's people: invented, with one password, and a card each on the sign-in page.

One is of an office that pushes the measured data: her queue is what the terminal tells of.
"""

import json
from dataclasses import dataclass
from typing import Final

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import OPERATOR
from app.core.clock import utc_now
from app.demo.offices import OFFICES, STATE
from app.offices import queries as offices
from app.people import administration
from app.people.admin_schemas import PersonAdd

PASSWORD: Final = "four invented people walk a dog"  # noqa: S105 -- opens invented cases only
"""Of every one of them; the sign-in page of the demo fills it in."""


@dataclass(frozen=True)
class DemoPerson:
    """An invented person of one of the demo's offices."""

    office: str
    account: str
    name: str
    role: str
    title: str


PEOPLE: Final = (
    DemoPerson("DEMO-CEDAR", "r.okafor", "Renata Okafor", "prosecutor", "Deputy prosecutor"),
    DemoPerson("DEMO-CEDAR", "t.lindqvist", "Tomas Lindqvist", "leadership", "Unit head"),
    DemoPerson("DEMO-CEDAR", "m.delacroix", "Mina Delacroix", "analyst", "Analyst"),
    DemoPerson("DEMO-CEDAR", "y.castellan", "Yvette Castellan", "administrator", "Administrator"),
    DemoPerson("DEMO-CEDAR", "o.barnaby", "Otis Barnaby", "auditor", "Auditor"),
    DemoPerson("DEMO-AG", "c.montrose", "Celia Montrose", "coordinator", "State coordinator"),
    DemoPerson("DEMO-DOGWOOD", "j.haraldsen", "June Haraldsen", "prosecutor", "Deputy prosecutor"),
    DemoPerson("DEMO-DOGWOOD", "p.oyelaran", "Peter Oyelaran", "leadership", "Unit head"),
    DemoPerson("DEMO-ELM", "s.whitlock", "Sela Whitlock", "leadership", "Unit head"),
    DemoPerson("DEMO-FIR", "a.brandvold", "Anders Brandvold", "prosecutor", "Deputy prosecutor"),
    DemoPerson("DEMO-GROVE", "b.okonjo", "Bela Okonjo", "leadership", "Unit head"),
    DemoPerson("DEMO-MAPLE", "v.saarinen", "Vera Saarinen", "prosecutor", "Deputy prosecutor"),
    DemoPerson(
        "DEMO-ALDER", "a.winterbourne", "Ada Winterbourne", "prosecutor", "Deputy prosecutor"
    ),
)


def setting() -> str:
    """Return the people as the registry's setting `JOINDER_DEMO_PEOPLE` has them."""
    names = {office.code: office.name for office in (*STATE, *OFFICES)}
    cards = [
        {
            "office": person.office,
            "office_name": names[person.office],
            "account": person.account,
            "name": person.name,
            "role": person.title,
            "password": PASSWORD,
        }
        for person in PEOPLE
    ]
    return json.dumps(cards)


async def add_people(session: AsyncSession) -> list[str]:
    """Add the people; return their one-time codes."""
    codes = []
    for person in PEOPLE:
        office = await offices.get_office(session, person.office)
        body = PersonAdd(account=person.account, name=person.name, roles=(person.role,))
        made = await administration.add_person(session, OPERATOR, office.id, body, now=utc_now())
        codes.append(made.code)
    return codes


def enrol(registry: str, codes: list[str]) -> None:
    """Give each of them the password, through the service as a person would."""
    with httpx.Client(base_url=registry, headers={"Origin": registry}) as http:
        for code in codes:
            body = {"code": code, "password": PASSWORD}
            http.post("/v1/sign-in/enrolment", json=body).raise_for_status()
