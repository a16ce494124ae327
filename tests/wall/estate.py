"""One of everything that an office may have, made by those who may: what others must not reach."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any, Final
from uuid import uuid4

import httpx

from app.core.clock import utc_now
from tests.access.people import Person, sign_in
from tests.access.test_matrix import PEOPLE
from tests.documented import document
from tests.factories import OfficeClient, Registry
from tests.handling.heads import draft, good, settle
from tests.invariants import test_i6_audited as steps
from tests.scenes import make_offices, meet
from tests.web.places import NO_PAGES, places

OF_OTHERS: Final = [
    (path, method, operation)
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
    if "{" in path and not path.startswith(("/v1/me/", "/problems/", "/v1/agendas", "/v1/insights"))
]
"""Operations about something that an office has: path, method and what the document says."""
TO_ALL: Final = {"/v1/offices", "/v1/infusion-desks"}
"""The directory, which names the offices that take part."""
OWN: Final = {"/v1/me", "/v1/me/totp", "/v1/me/passkeys", "/v1/sign-in"}
"""Which office who is signed in is of."""
LISTS: Final = [
    path
    for path, methods in document()["paths"].items()
    if "get" in methods and "{" not in path and path not in TO_ALL | OWN
]
NONE: Final = "f" * 32
ALIKE: Final = 0.3
"""How far the medians of two times may be apart; wide, so that a busy machine passes."""
_OF_A_CASE: Final = {"source_system", "external_id"}
_MADE: Final = {
    steps.suppress: "suppression_id",
    steps.give_more: "grant_id",
    steps.ask_correction: "correction_id",
    steps.ask: "reading_id",
    steps.hide_contact: "",
    steps.request_contact: "contact_id",
    steps.break_glass: "break_id",
    steps.ask_again: "look_id",
    steps.offer_desk: "",
    steps.ask_desk: "question_id",
    steps.add_hook: "webhook_id",
    steps.approve_hook: "",
    steps.send_hook_test: "delivery_id",
}
"""What is made in this order, and the parameter that it is called by."""


PREFIXES: Final = {
    name: head + "_"
    for path, _, operation in OF_OTHERS
    for parameter in operation.get("parameters", ())
    if parameter["in"] == "path" and parameter["name"].endswith("_id")
    for head, line, _ in [str(parameter["schema"]["examples"][0]).partition("_")]
    if line
    for name in ["contact_id" if "contact-requests/{" in path else parameter["name"]]
}
"""What ids begin with, by the names of the parameters."""
_PASSING: Final = re.compile(r"[0-9a-f]{32}|<p class=\"j-print\">.*?</p>")
"""Of a page: the number of the request, the key of a form, and when it would be printed."""


@dataclass(frozen=True)
class Estate:
    """What two offices have together."""

    registry: Registry
    owner: OfficeClient
    partner: OfficeClient
    ids: Mapping[str, str]
    """By the names of the parameters of paths, without the prefix."""
    walled: Person
    """Of the owner, with every role, kept from both of its cases."""
    hidden: OfficeClient
    """Whose case is silent, and overlaps with a third one of the owner's."""
    hidden_id: str

    @property
    def marks(self) -> set[str]:
        """What no answer to another office may hold."""
        keys = {key for key in self.ids.values() if len(key) == len(NONE)}
        return keys | {self.owner.code, self.partner.code}


async def make_estate(registry: Registry) -> Estate:
    """Return the estate; its owner's cases are 24-0, of a matter, and 24-1, of the rest."""
    sides, request = await draft(registry)
    await settle(sides, request)
    owner, partner = (side.office for side in sides)
    key, today = request.partition("_")[2], utc_now().date().isoformat()
    matter = f"mat_{key}"
    offered = good(await sides[0].work(f"{matter}/lead-offers", {"office": partner.code}))
    joins = {"name": "Dana Sample", "post": "analyst", "joined_on": today}
    asked = {"office": owner.code, "kind": "filing", "due_on": today}
    made = {
        "offer_id": offered["leads"][-1]["id"],
        "member_id": good(await sides[0].work(f"{matter}/members", joins))["id"],
        "task_id": good(await sides[0].work(f"{matter}/tasks", asked))["id"],
    }
    note = {"kind": "decision", "text": "Filed in one county."}
    good(await sides[0].work(f"{matter}/notes", note))
    meeting = await meet(registry, offices=[owner, partner])
    two = [await sign_in(registry, owner, *PEOPLE) for _ in range(2)]
    steps.LEADS[owner.code] = two * len(_MADE)  # in turn: of two steps each needs another person
    for step, name in _MADE.items():
        body = good(await step(meeting))
        (found,) = body.get("items", [body.get("webhook", body)])
        if name:
            made[name] = found["id"]
    walled = await sign_in(registry, owner, *PEOPLE)
    for number in ("24-0", "24-1"):
        wall = {"person": f"psn_{walled.key.hex}"}
        set_wall = await two[0].send("POST", f"/v1/cases/cms/{number}/walls", wall)
        made["wall_id"] = good(set_wall)["id"]
    ids = {"source_system": "cms", "external_id": "24-1", "office": partner.code}
    ids |= {"request_id": key, "matter_id": key, "person_id": two[0].key.hex}
    ids |= {name: found.rpartition("_")[2] for name, found in made.items()}
    ids["overlap_id"] = meeting.key.hex
    (office,) = await make_offices(registry, 1)
    hidden = await meet(registry, "open", "silent", offices=[owner, office], external_id="24-2")
    return Estate(registry, owner, partner, ids, walled, office, hidden.key.hex)


def names_in(path: str) -> set[str]:
    """Return the parameters of a path, those of the two kinds of requests by two names."""
    names = set(re.findall(r"{(\w+)}", path))
    return names - {"request_id"} | {"contact_id"} if "contact-requests/{" in path else names


async def differences(
    http: httpx.AsyncClient, ids: Mapping[str, str], own_number: str = "", *, may_act: bool = True
) -> dict[str, str]:
    """Ask for each thing and for one that is not, and return what was told from nothing.

    With `own_number` what belongs to a case is asked for below that one, the caller's own. Only
    operations all of whose parameters are in `ids` are called, and only reads unless it `may_act`.
    """
    found = {}
    for path, method, operation in OF_OTHERS:
        names = names_in(path)
        is_below = bool(own_number) and len(names) > len(_OF_A_CASE)
        is_meant = method == "get" or may_act
        if not names <= ids.keys() or (own_number and not is_below) or not is_meant:
            continue
        pair = ids, _absent(names, ids)
        asked = [{**each, "external_id": own_number} if is_below else each for each in pair]
        theirs, absent = [await _ask(http, path, method, operation, each) for each in asked]
        if theirs != absent:
            found[f"{method} {path}"] = f"{theirs} and not {absent}"
    return found


async def page_differences(http: httpx.AsyncClient, ids: Mapping[str, str]) -> dict[str, str]:
    """Open each page about a thing, send each of its forms empty, and about one that is not.

    Return what was told from nothing, but for who is not let in by its role: told alike anyway.
    """
    found = {}
    token = http.headers["X-CSRF-Token"]
    for method, place in ((each, place) for each in ("GET", "POST") for place in places(each)):
        names = names_in(place.path)
        if not names or not names <= ids.keys():
            continue
        told = []
        for each in (ids, _absent(names, ids)):
            path = place.path
            for name in re.findall(r"{(\w+)}", path):
                key = "contact_id" if "contact_id" in names and name == "request_id" else name
                head = PREFIXES.get(key, "")
                path = path.replace(f"{{{name}}}", head + each[key])
            form = {"csrf_token": token, "key": uuid4().hex} if method == "POST" else None
            answer = await http.request(method, path, data=form)
            text = re.sub("|".join(map(re.escape, each.values())), "", answer.text)
            told.append((answer.status_code, _PASSING.sub("", text)))
        if told[0] != told[1]:
            found[f"{method} {place.path}"] = f"{told[0][0]} and not {told[1][0]}"
    return found


async def marked_pages(http: httpx.AsyncClient, marks: Collection[str]) -> dict[str, set[str]]:
    """Return the pages about nothing in particular that hold one of the marks, and which."""
    held = {}
    for place in places("GET"):
        if "{" in place.path or place.path in NO_PAGES:
            continue
        answer = await http.get(place.path)
        held[place.path] = {mark for mark in marks if re.search(rf"\b{mark}\b", answer.text)}
    return {path: found for path, found in held.items() if found}


def _absent(names: Collection[str], ids: Mapping[str, str]) -> dict[str, str]:
    none = dict.fromkeys(names, NONE) | {"source_system": "cms", "external_id": "24-9"}
    return none | ({"office": ids["office"]} if "office" in names else {})


async def delays(
    http: httpx.AsyncClient, ids: Mapping[str, str], samples: Sequence[int] = (8, 40, 100)
) -> dict[str, float]:
    """Read each thing and one that is not in turn; return what takes another time than nothing.

    Medians are compared after so many `samples`, and where they are alike that is enough: a busy
    machine is given more of them, and what really takes longer stays apart. Cases are left out
    where numbers name only those of the caller's own office.
    """
    found = {}
    for path, method, operation in OF_OTHERS:
        names = names_in(path)
        if method != "get" or not names <= ids.keys() or names <= _OF_A_CASE:
            continue
        pair = ids, _absent(names, ids)
        taken: tuple[list[float], list[float]] = [], []
        for most in samples:
            for turn in range(len(taken[0]), most):
                for place in (turn % 2, 1 - turn % 2):
                    began = perf_counter()
                    await _ask(http, path, method, operation, pair[place])
                    taken[place].append(perf_counter() - began)
            ratio = median(taken[0]) / median(taken[1])
            if abs(ratio - 1) < ALIKE:
                break
        else:
            found[path] = ratio
    return found


async def marked(http: httpx.AsyncClient, marks: Collection[str]) -> dict[str, set[str]]:
    """Return the lists that hold one of the marks, and which."""
    held = {}
    for path in LISTS:
        answer = await http.get(path)
        held[path] = {mark for mark in marks if mark in answer.text}
    return {path: found for path, found in held.items() if found}


async def _ask(
    http: httpx.AsyncClient, path: str, method: str, operation: Any, ids: Mapping[str, str]
) -> tuple[int, str]:
    """Call an operation as its examples do; returns status and body without what was asked for."""
    headers, params = {"Idempotency-Key": uuid4().hex}, {}
    if "contact-requests/{" in path:
        ids = {**ids, "request_id": ids["contact_id"]}
    for parameter in operation.get("parameters", ()):
        name, example = parameter["name"], parameter["schema"]["examples"][0]
        if parameter["in"] == "path":
            head, underscore, _ = str(example).partition("_")
            prefix = head + underscore if name.endswith("_id") and underscore else ""
            path = path.replace(f"{{{name}}}", prefix + ids[name])
        elif name == "If-Match":
            headers[name] = example
        elif name == "reason":
            params[name] = example
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    answer = await http.request(
        method, path, json=body.get("example"), headers=headers, params=params
    )
    asked = "|".join(map(re.escape, ids.values()))
    return answer.status_code, re.sub(f'{asked}|"trace_id":"[^"]*"', "", answer.text)
