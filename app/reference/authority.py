"""What a state's law lets its Attorney General do with a trafficking matter (docs/records.md)."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from typing import Final, Literal, cast

from app.reference.tables import covers, day, rows

Basis = Literal[
    "exclusive", "concurrent", "on_request", "on_consent", "referral_by", "none", "unknown"
]
Trafficking = Literal["sex", "labor", "both", "undetermined"]
MatterKind = Literal["criminal", "civil"]
OnSilence = Literal["none", "escalate", "deemed_consent"]


@dataclass(frozen=True)
class Authority:
    """One rule of one state. It informs people and never blocks; a lawyer decides."""

    state: str
    """Two letters."""
    trafficking: Literal["sex", "labor", "both"]
    matter_kind: MatterKind
    basis: Basis
    """How a matter comes to the Attorney General; `unknown` where no cited row is loaded."""
    citation: str = ""
    """The law, as its state cites it; empty if unknown."""
    source: str = ""
    """Addresses of what was read, with spaces: the text first."""
    denial_needs_reasons: bool = False
    """Whether the local office has to say in writing why it declines."""
    on_silence: OnSilence = "none"
    """What the rule makes of no answer; nothing comes of it unless an operator switches it on."""
    silence_days: int | None = None
    """After how many days; None without such a rule."""
    effective_on: date | None = None
    """First day it applies; None where no text that was read says, and no day is too early."""
    ends_on: date | None = None
    """First day it no longer applies; None while it stands."""
    verified_by: str = ""
    """Who read all that the row says in a published text; empty if unknown."""
    verified_on: date | None = None
    """The day of it; None if unknown."""
    note: str = ""
    """What the words of the table are too few for."""

    @property
    def is_verified(self) -> bool:
        """Whether the row was read against the text of the law: no lawyer's word."""
        return self.verified_on is not None


def _read(row: dict[str, str]) -> Authority:
    return Authority(
        state=row["state"],
        trafficking=cast("Literal['sex', 'labor', 'both']", row["trafficking"]),
        matter_kind=cast("MatterKind", row["matter_kind"]),
        basis=cast("Basis", row["basis"]),
        citation=row["citation"],
        source=row["source"],
        denial_needs_reasons=row["denial_needs_reasons"] == "yes",
        on_silence=cast("OnSilence", row["on_silence"]),
        silence_days=int(row["silence_days"]) if row["silence_days"] else None,
        effective_on=day(row["effective_on"]),
        ends_on=day(row["ends_on"]),
        verified_by=row["verified_by"],
        verified_on=day(row["verified_on"]),
        note=row["note"],
    )


AUTHORITIES: Final = tuple(_read(row) for row in rows("authority"))
"""Every row of the table, by state. What nobody has read in a text of the law has no row."""


def rules_of(state: str, of: Sequence[Authority] = AUTHORITIES) -> tuple[Authority, ...]:
    """Return what is loaded of a state; nothing of a state that is not known."""
    return tuple(row for row in of if row.state == state)


def law_digest(rules: Sequence[Authority]) -> bytes:
    """Return the SHA-256 of all that the table says of rules: what counsel reads and confirms."""
    said = [asdict(rule) for rule in rules]
    return sha256(json.dumps(said, default=str, sort_keys=True).encode()).digest()


def deemed_consents(on_date: date, of: Sequence[Authority] = AUTHORITIES) -> tuple[Authority, ...]:
    """Return the rules in force on a day by which an Attorney General may take silence as consent.

    Args:
        on_date: The day.
        of: The table that is asked.
    """
    return tuple(
        row
        for row in of
        if row.on_silence == "deemed_consent"
        and row.silence_days is not None
        and covers(row.effective_on, row.ends_on, on_date)
    )


def authority_of(
    state: str,
    trafficking: Trafficking,
    matter_kind: MatterKind,
    on_date: date,
    of: Sequence[Authority] = AUTHORITIES,
) -> Authority:
    """Return the rule of `state` in force on a day, or one whose basis is `unknown`.

    A matter that is both, or undetermined, is under a rule for both only: rules that differ for sex
    and labor do not say what becomes of it.
    """
    for row in of:
        if (
            (row.state, row.matter_kind) == (state, matter_kind)
            and row.trafficking in {"both", trafficking}
            and covers(row.effective_on, row.ends_on, on_date)
        ):
            return row
    known: Literal["sex", "labor", "both"] = (
        "both" if trafficking == "undetermined" else trafficking
    )
    return Authority(state, known, matter_kind, basis="unknown")
