"""A finding in words and as a match key string: kinds and levels, never a value. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from app.identifiers.kinds import KINDS
from app.overlaps.facts import PersonFacts

_PHRASES: Final = {
    ("last_name", "exact"): "last name",
    ("last_name", "sound"): "last name (sound)",
    ("last_name", "initial"): "last initial",
    ("first_name", "exact"): "first name",
    ("first_name", "sound"): "first name (sound)",
    ("first_name", "initial"): "first initial",
    ("birth_date", "full"): "full birth date",
    ("birth_date", "swapped"): "birth date with day and month swapped",
    ("birth_date", "two_parts"): "birth year with month or day",
    ("birth_date", "day_month"): "birth day and month",
    ("middle_initial", "agrees"): "middle initial",
    ("postcode", "agrees"): "postcode",
    ("house", "agrees"): "house number and street (sound)",
}

_LAST: Final = {"exact": "+LAST", "sound": "+LAST_SOUND", "initial": "+LAST_INITIAL"}
_FIRST: Final = {"exact": "+FIRST", "sound": "+FIRST_SOUND", "initial": "+FIRST_INITIAL"}
_DATE: Final = {
    "full": "+DOB",
    "swapped": "+DOB_SWAPPED",
    "two_parts": "+DOB_TWO_PARTS",
    "day_month": "+DOB_DAY_MONTH",
}
_DIFFERS: Final = {
    "last_name": "-LAST",
    "first_name": "-FIRST",
    "birth_date": "-DOB",
    "middle_initial": "-MIDDLE",
}


def explain_person(
    facts: PersonFacts | None, shared: Collection[str], differing: Collection[str]
) -> dict[str, Any]:
    """Return facts, match key string and sentence of a same-person finding.

    Args:
        facts: Of the pair of names that counted; None if one subject has no name.
        shared: Kinds of shared identifiers.
        differing: Kinds of number that both subjects have, one a person, and that differ.
    """
    facts = facts or PersonFacts("unknown", "unknown", "unknown", "unknown")
    if {"addr", "addr0"} & set(shared):  # which says the house already
        facts = replace(facts, house="unknown")
    shown = vars(facts) | {"shared": _shown(shared), "differing": list(differing)}
    return {"facts": shown, "match_key": _match_key(shown), "explanation": _sentence(shown)}


def explain_organization(shared: Collection[str]) -> dict[str, Any]:
    """Return match key string and sentence of a same-organization finding."""
    kinds = _shown(shared)
    return {"match_key": _terms(kinds), "explanation": f"Shared: {_words(kinds)}."}


def explain_shared(shared: Collection[str]) -> dict[str, Any]:
    """Return kinds, match key string and sentence of a shared-identifier finding."""
    return {"kinds": sorted(shared), **explain_organization(shared)}


def _shown(shared: Collection[str]) -> list[str]:
    """Return shared kinds in order, without what a longer one says already."""
    said = {"addr0"} if "addr" in shared else set()
    said |= {"ssn4"} if "ssn" in shared else set()
    return sorted(set(shared) - said)


def _match_key(facts: Mapping[str, Any]) -> str:
    last, first = facts["last_name"], facts["first_name"]
    if last == first == "exact":
        name = "+NAME"
    elif {last, first} <= {"exact", "sound"}:
        name = "+NAME_SOUND"
    else:
        name = _LAST.get(last, "") + _FIRST.get(first, "")
    agree = [
        name,
        _DATE.get(facts["birth_date"], ""),
        "+MIDDLE" if facts["middle_initial"] == "agrees" else "",
        "+POSTCODE" if facts["postcode"] == "agrees" else "",
        "+HOUSE" if facts["house"] == "agrees" else "",
        _terms(facts["shared"]),
    ]
    differ = [term for fact, term in _DIFFERS.items() if facts[fact] == "differs"]
    if facts["birth_date"] == "day_month":
        differ.append("-DOB_YEAR")
    differ += [f"-{kind.upper()}" for kind in facts["differing"]]
    return " ".join(filter(None, ("".join(agree), "".join(differ))))


def _terms(kinds: Sequence[str]) -> str:
    return "".join(f"+{'PHONE' if kind == 'tel' else kind.upper()}" for kind in kinds)


def _sentence(facts: Mapping[str, Any]) -> str:
    agree = [phrase for (name, level), phrase in _PHRASES.items() if facts[name] == level]
    differ = [fact.replace("_", " ") for fact in _DIFFERS if facts[fact] == "differs"]
    differ += [KINDS[kind].label.partition(" ")[2] for kind in facts["differing"]]
    parts = [f"{_listed(agree)} agree{'s' if len(agree) == 1 else ''}"] if agree else []
    parts += [f"{_listed(differ)} differ{'s' if len(differ) == 1 else ''}"] if differ else []
    parts += [f"shared: {_words(facts['shared'])}"] if facts["shared"] else []
    text = "; ".join(parts) + "."
    return text[0].upper() + text[1:]


def _words(kinds: Sequence[str]) -> str:
    return _listed([KINDS[kind].label for kind in kinds])


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]
