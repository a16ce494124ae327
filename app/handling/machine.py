"""Every step that a request can take: the only table that allows one. Pure.

What is not written here is not possible. docs/handling.md shows the table, and the database holds
the same pairs of states (migrations/versions, MOVES); tests hold all three together.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from app.access.permissions import Permission
from app.access.vocabulary import Rung
from app.handling.vocabulary import FINAL, QUESTIONS, STATUSES

TABLE: Final = """
step      kinds      from                                              to                         who       permission        needs                          shows    audited
ask       question   -                                                 sent                       asker     handling:request  -                              contact  requested
ask       agreement  -                                                 draft                      asker     handling:request  terms                          none     drafted
revise    agreement  draft                                             draft                      asker     handling:request  terms                          none     revised
submit    agreement  draft                                             awaiting_own_leadership    asker     handling:request  -                              none     submitted
sign      agreement  awaiting_own_leadership                           sent                       asker     handling:sign     signature                      contact  requested
return    agreement  awaiting_own_leadership                           draft                      asker     handling:sign     reason                         none     returned
counter   agreement  sent,countered,escalated                          countered                  party     handling:answer   terms                          contact  countered
accept    question   sent,escalated                                    accepted                   asked     handling:answer   everyone                       contact  accepted
accept    agreement  sent,countered,escalated                          awaiting_their_leadership  party     handling:answer   everyone                       contact  accepted
decline   all        sent,countered,escalated,awaiting_their_leadership  declined                 asked     handling:answer   reason                         none     declined
withdraw  all        draft,awaiting_own_leadership,sent,countered,escalated,awaiting_their_leadership  withdrawn  asker  handling:request  -                 none     withdrawn
sign      agreement  awaiting_their_leadership                         active                     party     handling:sign     signature,instrument,everyone  record   signed
propose   agreement  active,extended                                   same                       party     handling:answer   terms                          none     extension_proposed
sign      agreement  active,extended                                   extended                   party     handling:sign     signature,everyone             record   signed
admit     agreement  active,extended                                   same                       party     handling:answer   terms                          none     joining_proposed
leave     agreement  active,extended                                   same                       party     handling:sign     terms                          none     leaving_announced
amend     agreement  active,extended                                   same                       party     handling:sign     signature,everyone             record   amended
deem      agreement  sent,escalated                                    accepted                   registry  -                 silence,law                    none     consent_deemed
close     question   accepted                                          concluded                  party     handling:answer   reason                         none     concluded
conclude  agreement  active,extended                                   concluded                  party     handling:sign     reason                         none     concluded
close     agreement  accepted                                          concluded                  asker     handling:answer   reason                         none     concluded
release   agreement  active,extended                                   same                       registry  -                 time                           none     party_released
escalate  all        sent,countered                                    escalated                  registry  -                 silence                        none     escalated
expire    all        draft,awaiting_own_leadership,sent,countered,escalated,awaiting_their_leadership,accepted,active,extended  expired  registry  -  time      none     expired
"""  # noqa: E501 -- a table is read across
"""`everyone`: it takes the request on when the last party did so, and until then it stays.

`accepted` is where a question was answered yes, or where a law takes silence as consent
(deeming.py); it expires when nobody closes it. `amend` is the signature under a version that
changes the parties; `release` ends the part of one that gave notice.
"""

Step = Literal[
    "ask",
    "revise",
    "submit",
    "sign",
    "return",
    "counter",
    "accept",
    "decline",
    "withdraw",
    "propose",
    "admit",
    "leave",
    "amend",
    "deem",
    "conclude",
    "close",
    "release",
    "escalate",
    "expire",
]
Who = Literal["asker", "asked", "party", "registry"]


class MachineError(ValueError):
    """The table does not fit its words; the application does not start."""


@dataclass(frozen=True)
class Transition:
    """One row of the table, for one state that it leaves."""

    step: str
    is_question: bool
    leaves: str | None
    """None where it makes the request."""
    to: str
    who: str
    permission: Permission | None
    needs: frozenset[str]
    shows: Rung
    """What the others see of the case of who takes it, at most."""
    audited: str

    def may(self, number: int) -> bool:
        """Return whether party `number` (1 is the asker) is the one who may."""
        return {"asker": number == 1, "asked": number > 1, "party": True}.get(self.who, False)


def _read(table: str) -> Iterator[Transition]:
    head, *lines = (line.split() for line in table.strip().splitlines())
    for line in lines:
        row = dict(zip(head, line, strict=True))
        for kind in ("question", "agreement"):
            for leaves in row["from"].split(",") if row["kinds"] in {kind, "all"} else ():
                if kind == "question" and leaves in _OF_AGREEMENTS:
                    continue
                yield _transition(row, leaves, is_question=kind == "question")


def _transition(row: Mapping[str, str], leaves: str, *, is_question: bool) -> Transition:
    to = leaves if row["to"] == "same" else row["to"]
    if {leaves, to} - {*STATUSES, "-"} or leaves in FINAL:
        raise MachineError(f"{row['step']}: {leaves} to {to}")
    return Transition(
        step=row["step"],
        is_question=is_question,
        leaves=None if leaves == "-" else leaves,
        to=to,
        who=row["who"],
        permission=None if row["permission"] == "-" else Permission(row["permission"]),
        needs=frozenset(row["needs"].split(",")) - {"-"},
        shows=Rung[row["shows"].upper()],
        audited=f"handling.{row['audited']}",
    )


_OF_AGREEMENTS: Final = {
    *("draft", "awaiting_own_leadership", "countered", "awaiting_their_leadership"),
    *("active", "extended"),
}
MACHINE: Final = tuple(_read(TABLE))
_BY_KEY: Final = {(t.step, t.is_question, t.leaves): t for t in MACHINE}
if len(_BY_KEY) != len(MACHINE):
    raise MachineError("a step leaves a state twice")


def find(step: str, kind: str, status: str | None) -> Transition | None:
    """Return what `step` does to a request of this kind in this state, None if it cannot."""
    return _BY_KEY.get((step, kind in QUESTIONS, status))


def steps_from(kind: str, status: str, number: int) -> tuple[str, ...]:
    """Return the steps that party `number` may take next, in the order of the table."""
    return tuple(
        t.step
        for t in MACHINE
        if (t.is_question, t.leaves) == (kind in QUESTIONS, status) and t.may(number)
    )


def pairs() -> frozenset[tuple[str, str]]:
    """Return every change of state that some step makes."""
    return frozenset((t.leaves, t.to) for t in MACHINE if t.leaves and t.leaves != t.to)
