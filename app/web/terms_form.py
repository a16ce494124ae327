"""The form of an agreement's terms: its choices, what stands in it at first, what it sends."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final, get_args

from app.handling.terms import Terms, in_words
from app.reference import words
from app.web import forms

CODED: Final = (
    *("purpose", "trafficking_type", "matter_kind"),
    *("evidence_rule", "disclosure_rule", "media"),
)
_PLAIN: Final = ("lead", "ends_on", "victim_services_lead", "review_every_days", "notice_days")
_A_YEAR: Final = timedelta(days=365)


FORUM: Final = tuple((f"forum_{factor}", words.meaning("forum", factor)) for factor in words.FORUM)
"""A choice of the party for each factor, and what it is called."""


def options(field: str) -> list[tuple[str, str]]:
    """Return the values of a coded term, each in plain words."""
    values: tuple[str, ...] = get_args(Terms.model_fields[field].annotation)
    worded = ((value, in_words(field, value, {})) for value in values)
    return [(value, said[0].upper() + said[1:]) for value, said in worded]


def first(today: date) -> dict[str, str]:
    """Return what stands in the form of a draft: what most agreements say, for a year."""
    return {
        "purpose": "prosecute_jointly",
        "matter_kind": "criminal",
        "lead": "1",
        "ends_on": (today + _A_YEAR).isoformat(),
        "evidence_rule": "each_keeps_its_own",
        "disclosure_rule": "each_discloses_its_own",
        "media": "jointly",
        "review_every_days": "30",
        "notice_days": "14",
    }


def filled(terms: Terms) -> dict[str, str]:
    """Return the form with these terms in it."""
    given = terms.model_dump(mode="json", exclude_none=True)
    forum = {f"forum_{factor}": str(party) for factor, party in given.pop("forum").items()}
    plain = {name: str(value) for name, value in given.items()}
    return {**plain, **forum, "statutes": _lines(terms)}


def _lines(terms: Terms) -> str:
    return "\n".join(terms.statutes)


def read(form: Mapping[str, str]) -> tuple[Terms | None, dict[str, str]]:
    """Return the terms that a form sent, or None and what to do by field."""
    sent: dict[str, Any] = forms.only(form, *CODED, *_PLAIN)
    sent["forum"] = {
        factor: form[name]
        for factor, (name, _) in zip(words.FORUM, FORUM, strict=True)
        if form.get(name)
    }
    sent["statutes"] = [line for line in form.get("statutes", "").splitlines() if line.strip()]
    return forms.read(Terms, sent)
