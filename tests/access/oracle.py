"""What SECURITY.md section 3.1 and the ladder say, written again without the tables of the policy.

Kept apart from app/access/policy.py on purpose: rules here, tables there, and neither reads the
other. `differences` asks both the same questions.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from app.access.permissions import Permission
from app.access.policy import POLICY, Policy, Target, decide, is_allowed
from app.access.vocabulary import DISCLOSURES, RECORD_CLASSES, Relation, Role, Rung

LAWYERS: Final = {"prosecutor", "analyst", "leadership", "coordinator"}
OWN_OFFICE: Final = {
    "cases:post": {"client", "prosecutor", "analyst", "leadership"},
    "cases:read": LAWYERS | {"client"},
    "cases:oversee": {"leadership"},
    "summaries:vouch": {"prosecutor", "analyst", "leadership"},
    "grants:read": LAWYERS | {"client", "auditor", "operator"},
    "grants:give": {"client", "prosecutor", "leadership"},
    "grants:approve": {"leadership"},
    "walls:set": {"leadership", "administrator"},
    "walls:lift": {"leadership"},
    "glass:review": {"leadership", "auditor"},
    "suppressions:manage": {"client", "leadership", "coordinator", "operator"},
    "tokens:evaluate": {"client", "prosecutor", "analyst", "leadership"},
    "defendant-feed:read": {"client", "prosecutor", "analyst", "leadership"},
    "defendant-feed:choose": {"leadership"},
    "infusion:read": LAWYERS | {"client"},
    "infusion:ask": {"client", "prosecutor", "leadership", "coordinator"},
    "infusion:answer": LAWYERS | {"client"},
    "infusion:offer": {"leadership", "coordinator"},
    "insights:read": LAWYERS | {"auditor"},
    "agendas:read": LAWYERS,
    "offices:read": LAWYERS | {"client", "administrator"},
    "offices:manage": {"operator"},
    "contacts:set": {"administrator"},
    "commitments:sign": {"leadership"},
    "agreements:sign": {"leadership"},
    "providers:set": {"administrator"},
    "clients:manage": {"administrator"},
    "people:manage": {"administrator", "operator"},
    "people:review": {"administrator", "auditor"},
    "runs:read": {"auditor", "operator"},
    "audit:read": {"auditor"},
    "alarms:read": {"leadership", "administrator", "auditor", "operator"},
    "notices:read": LAWYERS | {"administrator", "auditor"},
    "webhooks:manage": {"administrator"},
}
OTHER_SIDE: Final = {
    "overlaps:read": LAWYERS | {"client"},
    "overlaps:judge": LAWYERS | {"client"},
    "handling:read": LAWYERS | {"client"},
    "handling:request": {"client", "prosecutor", "leadership", "coordinator"},
    "handling:answer": {"client", "leadership", "coordinator"},
    "handling:sign": {"leadership"},
    "matters:work": LAWYERS,
    "glass:break": {"prosecutor", "leadership"},
}
IN_STATE: Final = {"state-overlaps:read": {"client", "coordinator"}}
POINTER_SHOWS: Final = {
    *("id", "version", "found_at", "rung", "case", "band"),
    *("verdicts", "retracted_at", "retract_reason"),
    *("findings.finding", "findings.subject", "findings.kinds", "findings.band"),
    *("findings.common", "findings.suppressed"),
    *("counterpart.state", "counterpart.office_kind"),
}
CONTACT_SHOWS: Final = {
    *("findings.strength", "findings.facts", "findings.explanation"),
    *("findings.match_key", "findings.first_differs", "verdicts.other.reason"),
    *("counterpart.office", "counterpart.contact"),
}


@dataclass(frozen=True)
class Asker:
    """One who asks, with all permissions but those taken away."""

    roles: frozenset[Role]
    permissions: frozenset[Permission] = frozenset(Permission)
    is_participating: bool = True


def rung(asker: Asker, permission: Permission, target: Target) -> int:
    """Return how far the asker may go, 0 for not at all."""
    if permission not in asker.permissions or target.is_walled:
        return 0
    return max((_rung(asker, role, permission, target) for role in asker.roles), default=0)


def _rung(asker: Asker, role: Role, permission: Permission, target: Target) -> int:
    if target.relation == "own":
        return 4 if role in OWN_OFFICE.get(permission, ()) else 0
    if not (asker.is_participating and target.is_participating):
        return 0
    if target.relation == "state":
        in_state = role in IN_STATE.get(permission, ())
        return 1 if in_state and target.disclosure != "silent" else 0
    if target.relation != "partner" or role not in OTHER_SIDE.get(permission, ()):
        return 0
    if permission == "glass:break":
        highest = 0 if target.disclosure == "silent" else 3
    else:
        highest = 3 if role == "client" and permission.startswith("overlaps:") else 4
    chosen = {"open": 2, "contact_first": 1, "silent": 0}[target.disclosure]
    return min(highest, max(chosen, target.granted))


def shown(level: int) -> set[str]:
    """Return the fields of an answer on a rung."""
    found: set[str] = set()
    if level >= 1:
        found |= POINTER_SHOWS
    if level >= 2:
        found |= CONTACT_SHOWS
    if level >= 3:
        found |= {"counterpart.case"}
    if level >= 4:
        found |= {"counterpart.stages"}
    return found


def allowed(asker: Asker, permission: Permission) -> bool:
    """Return whether the asker may do this to anything."""
    everyone = [table.get(permission, set()) for table in (OWN_OFFICE, OTHER_SIDE, IN_STATE)]
    return permission in asker.permissions and bool(asker.roles & set().union(*everyone))


def targets() -> Iterator[Target]:
    """Yield every kind of case."""
    for relation, each, way, granted in product(Relation, RECORD_CLASSES, DISCLOSURES, Rung):
        yield Target(relation, each, way, granted)


def conditioned() -> Iterator[tuple[bool, Target]]:
    """Yield every kind of case under every condition, with whether the reader takes part."""
    either = (True, False)
    for target, reader, owner, walled in product(targets(), either, either, either):
        yield reader, replace(target, is_participating=owner, is_walled=walled)


def _relation(key: tuple[str, ...]) -> Relation:
    return next(part for part in key if isinstance(part, Relation))


def differences(
    policy: Policy = POLICY, pairs: Iterable[tuple[Role, Permission]] | None = None
) -> Iterator[str]:
    """Yield each question that policy and oracle answer differently; conditions left out."""
    for level in Rung:
        if policy.fields_to(level) != shown(level):
            yield f"fields of {level.name}"
    for table in (policy.roles, policy.classes, policy.disclosed):  # each holds alone
        for key, level in table.items():
            if level > {Relation.STATE: 1, Relation.STRANGER: 0}.get(_relation(key), 4):
                yield f"{key} is given too much"
    cases = list(targets())
    for role, permission in pairs or product(Role, Permission):
        asker = Asker(frozenset({role}))
        if is_allowed(asker, permission, policy) is not allowed(asker, permission):
            yield f"{role} {permission}"
        for target in cases:
            decision = decide(asker, permission, target, policy)
            if decision.rung != rung(asker, permission, target):
                yield f"{role} {permission} {target}"
