from app.core.errors import ForbiddenError, MovedError, NotFoundError


class ScopeNotYoursError(ForbiddenError):
    """The scope of a suppression entry is wider than the caller may choose."""

    code = "suppression-scope-not-yours"
    title = "Scope not yours"
    default_detail = (
        "Choose office; an attorney general's office may choose state, the operator all."
    )


class SuppressionStandsError(MovedError):
    """The office has an entry for this value and scope that was not ended."""

    code = "suppression-stands"
    title = "Entry stands"
    default_detail = "End the one in GET /v1/suppressions, also when it is expired, and repeat."


class SuppressionEndedError(MovedError):
    """The entry is the office's own and was ended before."""

    code = "suppression-ended"
    title = "Entry ended"
    default_detail = "It holds nothing back any more; add another one if one is needed."


class SuppressionNotFoundError(NotFoundError):
    """No such entry, or another office's; never told apart."""

    code = "suppression-not-found"
    title = "Suppression entry not found"
    default_detail = "Check the id in GET /v1/suppressions; only an office's own can be ended."
