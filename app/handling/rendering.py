"""A request as the caller's office sees it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from app.cases import ladder
from app.core.ids import public_id
from app.handling.machine import steps_from
from app.handling.queries import PREFIX
from app.handling.reads import (
    AuthorityRead,
    HandlingRead,
    LeadRead,
    PartyRead,
    TermsVersionRead,
)
from app.handling.terms import (
    NamedParty,
    PartyChange,
    Terms,
    differences,
    digest_of,
    text_of,
)
from app.handling.vocabulary import FINAL
from app.matters.queries import PREFIX as MATTER
from app.offices.queries import read_commitments
from app.offices.schemas import OfficeRef
from app.reference.authority import (
    AUTHORITIES,
    Authority,
    authority_of,
    law_digest,
    rules_of,
)

FEWEST: Final = 2
"""Parties of an agreement at least."""
HOLDS: Final = frozenset({"active", "extended"})
"""States of an agreement in force."""


def render(row: asyncpg.Record) -> HandlingRead:
    """Return a request with what its reader may know of the parties."""
    terms, status = terms_of(row), status_of(row)
    lead = None
    if row["lead_code"] is not None:
        own = next(p for p in row["parties"] if p["number"] == row["own_number"])
        is_own = row["lead_office_id"] == own["office_id"]
        lead = LeadRead(code=row["lead_code"], name=row["lead_name"], is_own=is_own)
    overlap = row["own_overlap_id"] or (
        row["parties"][1]["overlap_id"] if row["own_number"] == 1 else None
    )
    plain = (
        *("version", "kind", "on_silence"),
        *("decline_reason", "explanation", "end_reason", "requested_at", "sent_at"),
        *("answered_at", "deemed_at", "ends_on"),
    )
    return HandlingRead(
        **{name: row[name] for name in plain},
        id=public_id(PREFIX, row["id"]),
        status=status,
        terms_number=row["number"] or 0,
        agreed_number=row["agreed_number"] and min(row["agreed_number"], row["number"]),
        overlap_id=public_id(ladder.PREFIX, UUID(str(overlap))) if overlap else None,
        case=row["own_case"],
        direction="sent" if row["own_number"] == 1 else "received",
        steps=_steps(row),
        parties=tuple(_party(each, row) for each in row["parties"]),
        terms=terms,
        has_lapsed=has_lapsed(row),
        digest=digest_of(text(row, row)) if terms else None,
        due_at=None if status in FINAL else row["due_at"],
        ended_at=row["ended_at"] if status == row["status"] else row["due_at"],
        authority=tuple(_authority(each, row) for each in authorities(row)),
        lead=lead,
        matter_id=public_id(MATTER, row["id"]) if lead else None,
        requester_commitments=read_commitments(row["commitments"], row["today"]),
    )


def terms_of(row: asyncpg.Record) -> Terms | None:
    """Return the terms on the table, None for a question."""
    return None if row["terms"] is None else Terms.model_validate(row["terms"])


def status_of(row: asyncpg.Record) -> str:
    """Return where a request is: a period that is over is over before a night has noted it.

    Who is asked to join is not told of the matter, nor of its end, before it has signed.
    """
    status: str = row["status"]
    is_over = status in HOLDS and row["ends_on"] is not None and row["ends_on"] <= row["today"]
    return "expired" if is_over else status


def own_party(row: asyncpg.Record) -> dict[str, Any]:
    """Return the reader's own party."""
    own: dict[str, Any] = next(p for p in row["parties"] if p["number"] == row["own_number"])
    return own


def has_accepted(party: dict[str, Any], row: asyncpg.Record) -> bool:
    """Return whether a party accepted what is on the table; who asks a question did by asking."""
    accepted: int | None = party["accepted_terms"]
    return accepted is not None and accepted == row["terms_number"]


def present(row: asyncpg.Record) -> list[dict[str, Any]]:
    """Return those who are parties now: neither asked to join, nor gone."""
    return [each for each in row["parties"] if _is_in(each) and each["left_at"] is None]


def signers(row: asyncpg.Record) -> list[dict[str, Any]]:
    """Return the parties who sign what is on the table, who joins with it among them."""
    joining = [each for each in row["parties"] if each["first_terms"] == row["number"]]
    return present(row) + [each for each in joining if not _is_in(each)]


def _is_in(party: Mapping[str, Any]) -> bool:
    return party["first_terms"] == 0 or party["joined_at"] is not None


def _standing(row: asyncpg.Record, version: asyncpg.Record) -> list[dict[str, Any]]:
    """Return the parties that stand in the text of a version."""
    number, proposed = version["number"], version["proposed_at"]
    return [
        each
        for each in row["parties"]
        if (each["first_terms"] == number or (_is_in(each) and each["first_terms"] < number))
        and (each["left_at"] is None or proposed <= datetime.fromisoformat(each["left_at"]))
    ]


def _named(party: Mapping[str, Any]) -> NamedParty:
    """Return a party, without a name where the reader may not know it yet."""
    code, name = (party["code"], party["name"]) if party["is_named"] else ("", "")
    return NamedParty(party["number"], code, name)


def _change(row: asyncpg.Record, version: asyncpg.Record) -> PartyChange | None:
    """Return who joins or leaves with a version; who joins has the number that comes next."""
    for each in row["parties"]:
        if each["office_id"] == version["leaves_office_id"]:
            return PartyChange(_named(each), is_leaving=True)
        if each["office_id"] == version["joins_office_id"]:
            return PartyChange(_named(each), is_leaving=False)
    if version["joins_office_id"] is None:
        return None
    number = max(each["number"] for each in row["parties"]) + 1
    joining = NamedParty(number, version["joins_code"], version["joins_name"])
    return PartyChange(joining, is_leaving=False)


def text(row: asyncpg.Record, version: asyncpg.Record) -> str:
    """Return the exact text of a version of a request's terms: as it was signed, if it was.

    Names of offices and our own sentences change; what was signed does not.
    """
    signed: str | None = version["signed_text"]
    if signed is not None:
        return signed
    standing = _standing(row, version)
    parties = [_named(each) for each in standing]
    change = _change(row, version)
    if change is not None and change.party not in parties:
        parties.append(change.party)
    overlaps = [
        public_id(ladder.PREFIX, UUID(each["overlap_id"]))
        for each in standing
        if each["overlap_id"] and (each["is_named"] or row["own_number"] == 1)
    ]
    terms = Terms.model_validate(version["terms"])
    return text_of(row["kind"], version["number"], terms, parties, overlaps, change)


def has_lapsed(row: asyncpg.Record) -> bool:
    """Return whether the change on the table names another lead than leads, or who has left."""
    if row["lead_office_id"] is None or row["number"] == row["agreed_number"]:
        return False
    lead = row["parties"][row["terms"]["lead"] - 1]
    has_left = any(each["left_at"] is not None for each in _standing(row, row))
    return has_left or lead["office_id"] != row["lead_office_id"]


def authorities(row: asyncpg.Record, table: Sequence[Authority] = AUTHORITIES) -> list[Authority]:
    """Return what the law of each Attorney General among the parties says, once there are terms."""
    terms = terms_of(row)
    if terms is None:
        return []
    return [
        authority_of(each["state"], terms.trafficking_type, terms.matter_kind, row["today"], table)
        for each in row["parties"]
        if each["kind"] == "attorney_general" and each["is_named"]
    ]


def versions(row: asyncpg.Record, found: Sequence[asyncpg.Record]) -> tuple[TermsVersionRead, ...]:
    """Return every version with what it changed."""
    by_number = {each["number"]: _named(each) for each in row["parties"]}
    numbers = {each["office_id"]: each["number"] for each in row["parties"]}
    reads: list[TermsVersionRead] = []
    for version in found:
        terms = Terms.model_validate(version["terms"])
        whole, change = text(row, version), _change(row, version)
        reads.append(
            TermsVersionRead(
                number=version["number"],
                proposed_by=numbers[version["office_id"]],
                proposed_at=version["proposed_at"],
                terms=terms,
                changes=differences(reads[-1].terms, terms, by_number) if reads else (),
                party_change=None if change is None else str(change),
                text=whole,
                digest=digest_of(whole),
            )
        )
    return tuple(reads)


def _steps(row: asyncpg.Record) -> tuple[Any, ...]:
    own = own_party(row)
    if own["left_at"] is not None:
        return ()
    is_signed = own["has_signed"] or row["terms_number"] == row["agreed_number"] or has_lapsed(row)
    taken = {
        "accept": has_accepted(own, row),
        "sign": is_signed or signing_step(row) != "sign",
        "amend": is_signed or signing_step(row) != "amend",
        "leave": own["leaves_on"] is not None or not may_leave(row),
    }
    possible = steps_from(row["kind"], status_of(row), row["own_number"])
    if not _is_in(own):
        possible = tuple(step for step in possible if step == "amend")
    return tuple(step for step in possible if not taken.get(step, False))


def signing_step(row: asyncpg.Record) -> str:
    """Return which step a signature under what is on the table is."""
    is_change = row["joins_office_id"] is not None or row["leaves_office_id"] is not None
    return "amend" if is_change else "sign"


def may_leave(row: asyncpg.Record) -> bool:
    """Return whether the reader's office can leave: it does not lead, and two others stay."""
    return row["lead_office_id"] != own_party(row)["office_id"] and len(present(row)) > FEWEST


def _party(party: dict[str, Any], row: asyncpg.Record) -> PartyRead:
    is_told = party["is_named"] or party.get("is_shown", False)
    return PartyRead(
        number=party["number"],
        is_own=party["number"] == row["own_number"],
        office=OfficeRef(code=party["code"], name=party["name"]) if is_told else None,
        has_accepted=has_accepted(party, row),
        has_signed=party["has_signed"],
        is_joining=not _is_in(party),
        joined_at=party["joined_at"],
        leaves_on=party["leaves_on"],
        left_at=party["left_at"],
    )


def _authority(rule: Authority, row: asyncpg.Record) -> AuthorityRead:
    of_state = [each["confirmed"] for each in row["parties"] if each["state"] == rule.state]
    confirmed = next(filter(None, of_state), None)
    if confirmed and bytes.fromhex(confirmed["digest"]) != law_digest(rules_of(rule.state)):
        confirmed = None  # a release changed a rule since
    return AuthorityRead(
        state=rule.state,
        basis=rule.basis,
        citation=rule.citation,
        effective_on=rule.effective_on,
        note=rule.note,
        source=rule.source,
        is_verified=rule.is_verified,
        verified_by=rule.verified_by,
        verified_on=rule.verified_on,
        counsel=confirmed["counsel"] if confirmed else "",
        counsel_on=confirmed["on"] if confirmed else None,
        denial_needs_reasons=rule.denial_needs_reasons,
        silence_days=rule.silence_days,
    )
