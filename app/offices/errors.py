from app.core.errors import ConflictError, InvalidError, NotFoundError


class OfficeExistsError(ConflictError):
    """Another office has this code."""

    code = "office-exists"
    title = "Office exists"
    default_detail = "Use the existing office, or another ORI or local code."


class OfficeNotFoundError(NotFoundError):
    """No office has this code."""

    code = "office-not-found"
    title = "Office not found"
    default_detail = "Run `joinder office list` for the codes."


class NoAgreementError(ConflictError):
    """The office has no agreement that lasts until the day."""

    code = "no-agreement"
    title = "No agreement"
    default_detail = "The office has no agreement that begins before that day and lasts until it."


class MediatorRefusedError(InvalidError):
    """The office is not the Attorney General's of the state."""

    code = "mediator-invalid"
    title = "Cannot mediate"
    default_detail = "Name the Attorney General's office of this state by its code."
