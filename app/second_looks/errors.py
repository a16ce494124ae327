from app.core.errors import MovedError, NotFoundError


class SecondLookNotFoundError(NotFoundError):
    """The office is asked for no such second look."""

    code = "second-look-not-found"
    title = "Second look not found"


class SecondLookStateError(MovedError):
    """The step does not follow from where the second look is by now, or another was first."""

    code = "second-look-state"
    title = "Not the next step"
    default_detail = "Read GET /v1/second-looks; what is closed stays closed."
