"""A request as the caller's office sees it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from app.cases import ladder
from app.core.ids import public_id
from app.handling.machine import steps_from
from app.handling.models import HandlingTerms
from app.handling.queries import PREFIX
from app.handling.reads import (
    AuthorityRead,
    HandlingRead,
    LeadRead,
    PartyRead,
    TermsVersionRead,
)
from app.handling.terms import NamedParty, Terms, differences, digest_of, text_of
from app.handling.vocabulary import FINAL
from app.matters.queries import PREFIX as MATTER
from app.offices.queries import read_commitments
from app.offices.schemas import OfficeRef
from app.reference.authority import Authority, authority_of


def render(row: asyncpg.Record) -> HandlingRead:
    """Return a request with what its reader may know of the parties."""
    terms = terms_of(row)
    lead = None
    if row["lead_code"] is not None:
        own = next(p for p in row["parties"] if p["number"] == row["own_number"])
        is_own = row["lead_office_id"] == own["office_id"]
        lead = LeadRead(code=row["lead_code"], name=row["lead_name"], is_own=is_own)
    overlap = row["own_overlap_id"] or (
        row["parties"][1]["overlap_id"] if row["own_number"] == 1 else None
    )
    plain = (
        *("version", "kind", "status", "terms_number", "agreed_number", "on_silence"),
        *("decline_reason", "explanation", "end_reason", "requested_at", "sent_at"),
        *("answered_at", "ended_at", "ends_on"),
    )
    return HandlingRead(
        **{name: row[name] for name in plain},
        id=public_id(PREFIX, row["id"]),
        overlap_id=public_id(ladder.PREFIX, UUID(str(overlap))) if overlap else None,
        direction="sent" if row["own_number"] == 1 else "received",
        steps=_steps(row),
        parties=tuple(_party(each, row) for each in row["parties"]),
        terms=terms,
        digest=digest_of(text(row, row["terms_number"], terms)) if terms else None,
        due_at=None if row["status"] in FINAL else row["due_at"],
        authority=tuple(_authority(each) for each in authorities(row)),
        lead=lead,
        matter_id=public_id(MATTER, row["id"]) if lead else None,
        requester_commitments=read_commitments(row["commitments"], row["today"]),
    )


def terms_of(row: asyncpg.Record) -> Terms | None:
    """Return the terms on the table, None for a question."""
    return None if row["terms"] is None else Terms.model_validate(row["terms"])


def own_party(row: asyncpg.Record) -> dict[str, Any]:
    """Return the reader's own party."""
    own: dict[str, Any] = next(p for p in row["parties"] if p["number"] == row["own_number"])
    return own


def has_accepted(party: dict[str, Any], row: asyncpg.Record) -> bool:
    """Return whether a party accepted what is on the table; who asks a question did by asking."""
    accepted: int | None = party["accepted_terms"]
    return accepted is not None and accepted == row["terms_number"]


def named(row: asyncpg.Record) -> list[NamedParty]:
    """Return the parties, those without a name that the reader may not know yet."""
    return [
        NamedParty(
            each["number"],
            each["code"] if each["is_named"] else "",
            each["name"] if each["is_named"] else "",
        )
        for each in row["parties"]
    ]


def text(row: asyncpg.Record, number: int, terms: Terms) -> str:
    """Return the exact text of a version of a request's terms."""
    overlaps = [
        public_id(ladder.PREFIX, UUID(each["overlap_id"]))
        for each in row["parties"]
        if each["overlap_id"] and (each["is_named"] or row["own_number"] == 1)
    ]
    return text_of(row["kind"], number, terms, named(row), overlaps)


def authorities(row: asyncpg.Record) -> list[Authority]:
    """Return what the law of each Attorney General among the parties says, once there are terms."""
    terms = terms_of(row)
    if terms is None:
        return []
    return [
        authority_of(each["state"], terms.trafficking_type, terms.matter_kind, row["today"])
        for each in row["parties"]
        if each["kind"] == "attorney_general" and each["is_named"]
    ]


def versions(row: asyncpg.Record, found: Sequence[HandlingTerms]) -> tuple[TermsVersionRead, ...]:
    """Return every version with what it changed."""
    by_number = {party.number: party for party in named(row)}
    numbers = {each["office_id"]: each["number"] for each in row["parties"]}
    reads: list[TermsVersionRead] = []
    for version in found:
        terms = Terms.model_validate(version.terms)
        whole = text(row, version.number, terms)
        reads.append(
            TermsVersionRead(
                number=version.number,
                proposed_by=numbers[version.office_id],
                proposed_at=version.proposed_at,
                terms=terms,
                changes=differences(reads[-1].terms, terms, by_number) if reads else (),
                text=whole,
                digest=digest_of(whole),
            )
        )
    return tuple(reads)


def _steps(row: asyncpg.Record) -> tuple[Any, ...]:
    own = own_party(row)
    taken = {"accept": has_accepted(own, row), "sign": own["has_signed"]}
    if row["status"] in {"active", "extended"} and row["terms_number"] == row["agreed_number"]:
        taken["sign"] = True  # there is nothing to sign until an extension is proposed
    possible = steps_from(row["kind"], row["status"], row["own_number"])
    return tuple(step for step in possible if not taken.get(step, False))


def _party(party: dict[str, Any], row: asyncpg.Record) -> PartyRead:
    return PartyRead(
        number=party["number"],
        is_own=party["number"] == row["own_number"],
        office=OfficeRef(code=party["code"], name=party["name"]) if party["is_named"] else None,
        has_accepted=has_accepted(party, row),
        has_signed=party["has_signed"],
    )


def _authority(rule: Authority) -> AuthorityRead:
    return AuthorityRead(
        state=rule.state,
        basis=rule.basis,
        citation=rule.citation,
        is_verified=rule.is_verified,
        denial_needs_reasons=rule.denial_needs_reasons,
        silence_days=rule.silence_days,
    )
