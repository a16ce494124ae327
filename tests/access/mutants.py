"""Flips every cell of the policy: `python -m tests.access.mutants`. Each flip must be noticed."""

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, product

from app.access.fields import FIELDS
from app.access.permissions import Permission
from app.access.policy import POLICY, Policy
from app.access.vocabulary import Relation, Role, Rung
from tests.access.oracle import differences

Mutant = tuple[str, Policy, tuple[Role, Permission] | None]
"""What was flipped, the policy with it, and which question to ask first."""


def mutants() -> Iterator[Mutant]:
    """Yield the policy with one cell changed, for every cell and every other value of it."""
    for cell in product(Role, Permission, Relation):
        for rung in Rung:
            if rung != POLICY.roles.get(cell, Rung.NONE):
                rest = {key: value for key, value in POLICY.roles.items() if key != cell}
                roles = {**rest, cell: rung} if rung else rest
                yield f"{' '.join(cell)} {rung.name}", replace(POLICY, roles=roles), cell[:2]
    for (place, was), rung in product(POLICY.classes.items(), Rung):
        if rung != was:
            yield (
                f"{' '.join(place)} {rung.name}",
                replace(POLICY, classes={**POLICY.classes, place: rung}),
                None,
            )
    for (way, was), rung in product(POLICY.disclosed.items(), Rung):
        if rung != was:
            yield (
                f"{' '.join(way)} {rung.name}",
                replace(POLICY, disclosed={**POLICY.disclosed, way: rung}),
                None,
            )
    every = POLICY.fields_to(Rung.RECORD)
    for rung, field in product(Rung, every):
        if field in FIELDS[rung] or field not in POLICY.fields_to(rung):
            fields = {**FIELDS, rung: FIELDS[rung] ^ {field}}
            yield f"{rung.name} {field}", replace(POLICY, fields=fields), None


def survives(mutant: Mutant) -> bool:
    """Return whether nothing notices the change."""
    _, policy, first = mutant
    found = chain(differences(policy, [first]) if first else (), differences(policy))
    return next(found, None) is None


def main() -> None:
    """Judge every mutant and print those that survive."""
    began, total = time.perf_counter(), 0
    survivors = []
    for mutant in mutants():
        total += 1
        survivors += [mutant[0]] if survives(mutant) else []
    seconds = time.perf_counter() - began
    print(f"{total} flips, {total - len(survivors)} noticed, in {seconds:.1f} s")
    print(*survivors, sep="\n", end="")
    sys.exit(bool(survivors))


if __name__ == "__main__":
    main()
