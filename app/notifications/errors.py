from app.core.errors import GoneError


class EventsForgottenError(GoneError):
    """The cursor is older than the time for which events are kept: some after it may be gone."""

    code = "events-forgotten"
    title = "Events after this place were forgotten"
    default_detail = (
        "The cursor is of more than 90 days ago, so some events after it are kept no more. Read "
        "GET /v1/overlaps and whatever else you follow anew, then the feed without a cursor."
    )
