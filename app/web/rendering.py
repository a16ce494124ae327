"""Pages out of templates: escaped by default, and a name that does not exist is an error."""

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.web import (
    asking_words,
    audit_words,
    evidence,
    handling_words,
    notice_words,
    office_words,
    people_words,
    place_words,
    sharing_words,
    times,
    words,
)
from app.web.statics import static_path

if TYPE_CHECKING:
    from app.web.pages import Visit

TEMPLATES: Final = Path(__file__).parent / "templates"


@cache
def environment() -> Environment:
    """Return the one environment of all templates."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals |= {
        "static": static_path,
        "words": words,
        "asking_words": asking_words,
        "audit_words": audit_words,
        "evidence": evidence,
        "handling_words": handling_words,
        "notice_words": notice_words,
        "office_words": office_words,
        "people_words": people_words,
        "place_words": place_words,
        "sharing_words": sharing_words,
    }
    made.filters |= {"instant": _instant, "day": _day, "ago": _ago, "qr": _qr}
    return made


def render(template: str, /, **values: Any) -> str:
    """Return a page or a part of one.

    Raises:
        UndefinedError: the template asks for a value that is not among `values`.
    """
    return environment().get_template(template).render(values)


def _instant(at: datetime, zone: ZoneInfo) -> Markup:
    """Return an instant in the office's zone, with UTC on hover."""
    attributes = at.isoformat(), times.utc_text(at), times.clock_text(at, zone)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(*attributes)


def _ago(at: datetime, visit: "Visit") -> Markup:
    """Return how long ago an instant was, with the office's time and UTC on hover."""
    exact = f"{times.clock_text(at, visit.zone)} ({times.utc_text(at)})"
    attributes = at.isoformat(), exact, times.age_text(at, visit.now)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(*attributes)


def _day(day: date | None) -> Markup | str:
    if day is None:
        return "Not given"
    return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), times.day_text(day))


def _qr(text: str) -> Markup:
    """Return a text as a QR code for a camera: a picture inside the page, its margin with it."""
    code = segno.make_qr(text, error="m")
    return Markup(code.svg_inline(light="#fff", omitsize=True, svgclass="j-qr", lineclass=None))  # noqa: S704 -- a picture of modules, no text
