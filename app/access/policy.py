"""Who may do what, and see how much: the only tables that give anything. Pure.

What is not written here is not allowed, and every condition in `decide` only takes away. A word
that does not exist, in a table or in a question, is an error: a table with one does not load.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from app.access.fields import FIELDS
from app.access.permissions import CLIENT_SCOPES, Permission
from app.access.vocabulary import (
    DISCLOSURES,
    RECORD_CLASSES,
    Disclosure,
    Reason,
    RecordClass,
    Relation,
    Role,
    Rung,
)

# To own cases a grant is whole; to others it names the highest rung.
_ROLES: Final = """
                     client          prosecutor      analyst         leadership      coordinator     administrator auditor operator
cases:post           own             own             own             own             -               -             -       -
cases:read           own             own             own             own             own             -             -       -
cases:oversee        -               -               -               own             -               -             -       -
summaries:vouch      -               own             own             own             -               -             -       -
overlaps:read        partner:summary partner:record  partner:record  partner:record  partner:record  -             -       -
overlaps:judge       partner:summary partner:record  partner:record  partner:record  partner:record  -             -       -
handling:read        partner:record  partner:record  partner:record  partner:record  partner:record  -             -       -
handling:request     partner:record  partner:record  -               partner:record  partner:record  -             -       -
handling:answer      partner:record  -               -               partner:record  partner:record  -             -       -
handling:sign        -               -               -               partner:record  -               -             -       -
matters:work         -               partner:record  partner:record  partner:record  partner:record  -             -       -
grants:read          own             own             own             own             own             -             own     own
grants:give          own             own             -               own             -               -             -       -
grants:approve       -               -               -               own             -               -             -       -
walls:set            -               -               -               own             -               own           -       -
walls:lift           -               -               -               own             -               -             -       -
glass:break          -               partner:summary -               partner:summary -               -             -       -
glass:review         -               -               -               own             -               -             own     -
state-overlaps:read  state:pointer   -               -               -               state:pointer   -             -       -
suppressions:manage  own             -               -               own             own             -             -       own
tokens:evaluate      own             own             own             own             -               -             -       -
defendant-feed:read  own             own             own             own             -               -             -       -
defendant-feed:choose -              -               -               own             -               -             -       -
infusion:read        own             own             own             own             own             -             -       -
infusion:ask         own             own             -               own             own             -             -       -
infusion:answer      own             own             own             own             own             -             -       -
infusion:offer       -               -               -               own             own             -             -       -
insights:read        -               own             own             own             own             -             own     -
agendas:read         -               own             own             own             own             -             -       -
offices:read         own             own             own             own             own             own           -       -
offices:manage       -               -               -               -               -               -             -       own
contacts:set         -               -               -               -               -               own           -       -
commitments:sign     -               -               -               own             -               -             -       -
agreements:sign      -               -               -               own             -               -             -       -
providers:set        -               -               -               -               -               own           -       -
clients:manage       -               -               -               -               -               own           -       -
people:manage        -               -               -               -               -               own           -       own
people:review        -               -               -               -               -               own           own     -
runs:read            -               -               -               -               -               -             own     own
audit:read           -               -               -               -               -               -             own     -
alarms:read          -               -               -               own             -               own           own     own
notices:read         -               own             own             own             own             own           own     -
webhooks:manage      -               -               -               -               -               own           -       -
"""  # noqa: E501 -- a table is read across
"""Rows are permissions. `leadership` are unit heads, `coordinator` those of an office."""

_CLASSES: Final = """
           pre_charge  charged  disposed  declined
own        record      record   record    record
partner    record      record   record    record
state      pointer     pointer  pointer   pointer
"""
"""The highest rung of each record class. Sealed matters are none: they are never posted."""

_DISCLOSED: Final = """
           open     contact_first  silent
own        record   record         record
partner    contact  pointer        none
state      pointer  pointer        none
"""
"""What the owner's choice shows without a grant to a named office."""

Cell = tuple[Role, Permission, Relation]


class PolicyError(ValueError):
    """A table does not fit the words it is made of; the application does not start."""


@dataclass(frozen=True)
class Policy:
    """The tables as they are asked. What has no entry in `roles` is not allowed."""

    roles: Mapping[Cell, Rung]
    classes: Mapping[tuple[Relation, str], Rung]
    disclosed: Mapping[tuple[Relation, str], Rung]
    fields: Mapping[Rung, frozenset[str]]

    def fields_to(self, rung: Rung) -> frozenset[str]:
        """Return all that a rung shows."""
        return frozenset().union(*(self.fields[each] for each in Rung if each <= rung))


class Reader(Protocol):
    """Who asks, as far as the policy asks about it; a `Principal` is one."""

    @property
    def roles(self) -> Collection[Role]:
        """Return what the reader is."""

    @property
    def permissions(self) -> Collection[Permission]:
        """Return what its credential carries."""

    @property
    def is_participating(self) -> bool:
        """Return whether its office's participation agreement is in force."""


@dataclass(frozen=True)
class Target:
    """A case as seen by one reader.

    `granted` is the highest rung of the grants in force to the reader. For `STATE`, disclosure,
    agreement and walls are the stricter ones of the two sides.
    """

    relation: Relation
    record_class: RecordClass
    disclosure: Disclosure
    granted: Rung = Rung.NONE
    is_participating: bool = True
    is_walled: bool = False


@dataclass(frozen=True)
class Decision:
    """Whether, how far, which fields, and the rules that decided."""

    allow: bool
    rung: Rung
    fields: frozenset[str]
    reasons: tuple[Reason, ...]


def _load(roles: str, classes: str, disclosed: str) -> Policy:
    """Return the tables.

    Raises:
        PolicyError: a word in them does not exist, or a row or column is missing.
    """
    open_to = [relation for relation in Relation if relation is not Relation.STRANGER]
    try:
        policy = Policy(
            {
                (Role(role), Permission(permission), Relation(relation)): _rung(rung or "record")
                for (permission, role), cell in _read(roles, [*Permission], [*Role]).items()
                if cell != "-"
                for relation, _, rung in [cell.partition(":")]
            },
            {
                (Relation(relation), each): _rung(rung)
                for (relation, each), rung in _read(classes, open_to, RECORD_CLASSES).items()
            },
            {
                (Relation(relation), each): _rung(rung)
                for (relation, each), rung in _read(disclosed, open_to, DISCLOSURES).items()
            },
            FIELDS,
        )
    except (ValueError, KeyError) as error:
        raise PolicyError(str(error)) from None
    if any(relation is Relation.STRANGER for _, _, relation in policy.roles):
        raise PolicyError("a stranger is given nothing")
    if set(CLIENT_SCOPES) != {p for role, p, _ in policy.roles if role is Role.CLIENT}:
        raise PolicyError("the scopes of machine clients are not those of the table")
    if policy.fields.keys() != set(Rung):
        raise PolicyError("a rung has no fields")
    return policy


def _rung(word: str) -> Rung:
    return Rung[word.upper()]


def _read(text: str, rows: Sequence[str], columns: Sequence[str]) -> dict[tuple[str, str], str]:
    """Return the cells of a table by row and column.

    Raises:
        ValueError: its rows and columns are not exactly these words.
    """
    head, *lines = (line.split() for line in text.strip().splitlines())
    if head != list(columns) or [line[0] for line in lines] != list(rows):
        raise ValueError(f"rows or columns are not {', '.join(rows)} by {', '.join(columns)}")
    return {
        (row, column): cell
        for row, *cells in lines
        for column, cell in zip(columns, cells, strict=True)
    }


POLICY: Final = _load(_ROLES, _CLASSES, _DISCLOSED)


def permissions_of(roles: Iterable[str]) -> frozenset[Permission]:
    """Return what someone with all of `roles` may do.

    Raises:
        ValueError: a role that does not exist.
    """
    asked = {Role(role) for role in roles}
    return frozenset(permission for role, permission, _ in POLICY.roles if role in asked)


def is_allowed(reader: Reader, permission: Permission, policy: Policy = POLICY) -> bool:
    """Return whether the reader may do this to anything at all."""
    cells = ((role, permission, relation) for role in reader.roles for relation in Relation)
    return permission in reader.permissions and any(cell in policy.roles for cell in cells)


def ceiling(
    reader: Reader,
    permission: Permission,
    relation: Relation,
    record_class: RecordClass,
    policy: Policy = POLICY,
) -> Rung:
    """Return the highest rung that the tables give the reader, whatever the owner grants."""
    given = (policy.roles.get((role, permission, relation), Rung.NONE) for role in reader.roles)
    return min(
        max(given, default=Rung.NONE), policy.classes.get((relation, record_class), Rung.NONE)
    )


def ceilings(reader: Reader, permission: Permission, relation: Relation) -> list[int]:
    """Return the ceiling of each record class, in the order of `RECORD_CLASSES`, for SQL."""
    if permission not in reader.permissions:
        return [Rung.NONE] * len(RECORD_CLASSES)
    return [ceiling(reader, permission, relation, each) for each in RECORD_CLASSES]


def decide(
    reader: Reader, permission: Permission, target: Target, policy: Policy = POLICY
) -> Decision:
    """Return whether the reader may do this to the case, how far it sees it, and why.

    A grant to a named office lifts what the disclosure shows, never above the ceiling. Nothing
    lifts a wall or a missing agreement; breaking the glass lifts no silence.
    """
    highest = ceiling(reader, permission, target.relation, target.record_class, policy)
    is_outside = target.relation is not Relation.OWN
    refusals = {
        Reason.SCOPE_MISSING: permission not in reader.permissions,
        Reason.ROLE_WITHOUT_GRANT: highest is Rung.NONE,
        Reason.WALLED: target.is_walled,
        Reason.READER_NOT_PARTICIPATING: is_outside and not reader.is_participating,
        Reason.OWNER_NOT_PARTICIPATING: is_outside and not target.is_participating,
        Reason.SILENT: permission is Permission.GLASS_BREAK and target.disclosure == "silent",
    }
    if any(refusals.values()):
        return _refused(reason for reason, holds in refusals.items() if holds)
    disclosed = policy.disclosed[target.relation, target.disclosure]
    granted = target.granted if target.relation is Relation.PARTNER else Rung.NONE
    rung = min(highest, max(disclosed, granted))
    if rung is Rung.NONE:
        return _refused([Reason.SILENT])
    reasons = [Reason.DISCLOSED if is_outside else Reason.OWN_CASE]
    if granted > disclosed:
        reasons = [Reason.GRANTED]
    if max(disclosed, granted) > highest:
        reasons.append(Reason.CAPPED)
    return Decision(True, rung, policy.fields_to(rung), tuple(reasons))  # noqa: FBT003 -- the first word of the answer


def _refused(reasons: Iterable[Reason]) -> Decision:
    return Decision(False, Rung.NONE, frozenset(), tuple(reasons))  # noqa: FBT003 -- as above
