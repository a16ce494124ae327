"""Which requests are asked for: by what they wait for, and by kind. Pure."""

from typing import Final, Literal, NamedTuple
from uuid import UUID

from app.core.schemas import Read
from app.handling.vocabulary import Kind

Standing = Literal["all", "answer", "signature", "in_force", "ended"]


class HandlingFilter(Read):
    """Which of the requests that an office sent or received are asked for."""

    standing: Standing = "all"
    """`answer` and `signature`: what only the own office can give is missing."""
    kind: Kind | None = None
    """Only these; None: any."""


class Page(NamedTuple):
    """What narrows the select of the requests that an office may know of."""

    narrowed: str
    """SQL beyond that select, whose parameters end with $4."""
    values: tuple[object, ...]


ANY: Final = HandlingFilter()
_HOLDS: Final = "h.status IN ('active', 'extended') AND (m.ends_on IS NULL OR m.ends_on > $2::date)"
_HAS_SIGNED: Final = """
p.parties::jsonb @> jsonb_build_array(jsonb_build_object('number', me.number, 'has_signed', true))
"""
# as `rendering.has_lapsed` says it; instants of one zone, as JSON writes them, sort as text
_HAS_LAPSED: Final = """
(NOT p.parties::jsonb @> jsonb_build_array(jsonb_build_object(
   'number', (t.terms ->> 'lead')::int, 'office_id', m.lead_office_id))
 OR jsonb_path_exists(
   p.parties::jsonb, '$[*] ? (@.left_at >= $at)', jsonb_build_object('at', t.proposed_at)))
"""
# As the steps that `machine.TABLE` leaves to the own office. A signature asks for the status first,
# which the request's own row has; terms and parties are put together for those that are left.
_STANDINGS: Final[dict[Standing, str]] = {
    "all": "",
    "answer": """
  AND me.left_at IS NULL AND h.status IN ('sent', 'countered', 'escalated')
  AND me.accepted_terms IS DISTINCT FROM h.terms_number
  AND (me.number > 1 OR h.kind NOT IN ('consult', 'information'))""",
    "signature": f"""
  AND h.status IN ('awaiting_own_leadership', 'awaiting_their_leadership', 'active', 'extended')
  AND me.left_at IS NULL AND NOT {_HAS_SIGNED} AND CASE h.status
    WHEN 'awaiting_own_leadership' THEN me.number = 1
    WHEN 'awaiting_their_leadership' THEN true
    ELSE {_HOLDS} AND h.terms_number <> h.agreed_number
      AND (m.lead_office_id IS NULL OR NOT {_HAS_LAPSED}) END""",
    "in_force": f" AND {_HOLDS}",
    "ended": f"""
  AND (h.ended_at IS NOT NULL OR h.status IN ('active', 'extended') AND NOT ({_HOLDS}))""",
}
_OF_KIND: Final = " AND h.kind = $7::text"
_PAGE: Final = """
  AND me.request_id < coalesce($5, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
ORDER BY me.request_id DESC LIMIT $6"""


def page_of(asked: HandlingFilter, *, before: UUID | None, limit: int) -> Page:
    """Return a page of the requests that are asked for, newest first."""
    narrowed = _STANDINGS[asked.standing] + (_OF_KIND if asked.kind else "")
    return Page(narrowed + _PAGE, (before, limit, *filter(None, [asked.kind])))
