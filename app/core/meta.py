"""What the registry tells of itself: in its OpenAPI document, and at GET /v1/meta."""

from typing import Final, Literal

from app.core.schemas import Read

DESCRIPTION: Final = (
    "Joinder tells prosecutors' offices that another office is after the same target, without "
    "showing anyone who that target is, and lets them settle who handles it. Identifiers are "
    "blinded in the office; the registry receives tokens and answers with possible matches, as "
    "far as the other office lets them be seen."
)

TAGS: Final = [
    {"name": "accounts", "description": "Access tokens of machine clients, and their keys."},
    {"name": "agendas", "description": "What the offices of a monthly meeting talk about."},
    {"name": "alarms", "description": "What somebody should look at, for who answers for it."},
    {"name": "cases", "description": "An office's own cases, posted with blinded identifiers."},
    {"name": "defendant feed", "description": "Who was charged lately, to be compared at home."},
    {"name": "events", "description": "What happened, each once, in the order of commits."},
    {"name": "handling", "description": "Questions and agreements between offices, signed."},
    {"name": "infusion", "description": "Questions to the specialist desks of other offices."},
    {"name": "insights", "description": "Figures of the state, none of them small."},
    {"name": "matters", "description": "Matters under an agreement: their lead, their origin."},
    {"name": "notices", "description": "What one person is told: its list, its choices."},
    {"name": "offices", "description": "Offices that take part, and what they committed to."},
    {"name": "overlaps", "description": "Possible matches with others' cases, and verdicts."},
    {"name": "people", "description": "Signing in, second factors, the people of an office."},
    {"name": "reviews", "description": "Second readings, legal holds, corrections of a case."},
    {"name": "runs", "description": "Nightly runs, for auditors."},
    {"name": "service", "description": "What the service is, how it fares; problems explained."},
    {"name": "sharing", "description": "Who sees what of a case: grants, walls, emergencies."},
    {"name": "suppressions", "description": "Values that are no evidence, or less of it."},
    {"name": "teamwork", "description": "What the parties of a matter do: team, tasks, notes."},
    {"name": "tokens", "description": "Making tokens: permits, and the keys that prove them."},
    {"name": "webhooks", "description": "Addresses that are told of events, signed and thin."},
]


class StatusRead(Read):
    """That a process lives, or is ready."""

    status: Literal["ok", "ready"]
    """`ok`: it lives; `ready`: it can also do its work."""


class ReadinessRead(StatusRead):
    """That the registry is ready, and whether what it does at night is done."""

    status: Literal["ready"]
    """It can do its work: requests are answered, whatever `nights` says."""
    nights: Literal["on_time", "late"]
    """`late`: no nightly run of all offices began for 26 hours, or came to its end for 50. For the
    operator's monitoring."""


class LimitsRead(Read):
    """The largest requests."""

    body_bytes: int
    """Largest body of most operations, in bytes."""
    bulk_body_bytes: int
    """Largest body of PUT /v1/cases, in bytes."""
    bulk_cases: int
    """How many cases PUT /v1/cases takes at once."""


class MetaRead(Read):
    """What a client can ask of this registry."""

    version: str
    """Release of the service, not of the API, which is in the paths."""
    match_spec: str
    """The rules that tokens are made by."""
    issuer: str
    """The registry's own address: `aud` of client assertions."""
    resources: list[str]
    """What access tokens can be asked for (RFC 8707)."""
    limits: LimitsRead
    """A larger request is refused."""
