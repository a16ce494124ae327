from app.core.errors import ConflictError, NotFoundError


class AgendaNotFoundError(NotFoundError):
    """No such meeting, or none that the caller's office sits in."""

    code = "agenda-not-found"
    title = "Agenda not found"
    default_detail = "`GET /v1/agendas` lists the meetings that your office reads the agenda of."


class CommitteeRefusedError(ConflictError):
    """An office of another state, or one that sits in another committee."""

    code = "committee-refused"
    title = "Committee refused"
    default_detail = (
        "Name offices of one state, none of which sits in another committee: from two sheets with "
        "the same office in both, others could be told apart."
    )
