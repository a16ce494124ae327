from app.core.errors import ForbiddenError, InvalidError, MovedError, NotFoundError


class GrantNotFoundError(NotFoundError):
    """The case has no such grant, or is not the caller's; the two are never told apart."""

    code = "grant-not-found"
    title = "Grant not found"
    default_detail = "Read the grants of the case; only your own office's cases are found."


class GrantEndedError(MovedError):
    """The grant was withdrawn, expired, or was not approved in time; or who asked may not now."""

    code = "grant-ended"
    title = "Grant ended"
    default_detail = "Read the grants of the case; make a new one if it is still needed."


class GrantDecidedError(MovedError):
    """The grant needs no approval, or has it."""

    code = "grant-not-pending"
    title = "Grant awaits no approval"
    default_detail = "Read the grants of the case."


class ChangedRequestError(MovedError):
    """What was to be approved is not what stands now."""

    code = "grant-digest-differs"
    title = "Not what you read"
    default_detail = "Read the grant again and approve it with the digest that it has now."


class SecondPersonError(ForbiddenError):
    """Two persons must agree, and the same one came twice; or a machine client asked."""

    code = "second-person-needed"
    title = "Second person needed"
    default_detail = "Another person of your office, with the right role, must do this."


class GrantRefusedError(InvalidError):
    """A grant to oneself or to no office, or one that ends too late."""

    code = "grant-invalid"
    title = "Grant not valid"
    default_detail = "Name another office, and an end within a year from now."


class WallRefusedError(InvalidError):
    """A wall against no other office, or no person of the own one."""

    code = "wall-invalid"
    title = "Wall not valid"
    default_detail = "Name another office by its code, or a person of your own by its id."


class WallNotFoundError(NotFoundError):
    """The case has no such wall in force, or is not the caller's."""

    code = "wall-not-found"
    title = "Wall not found"


class WallLiftedError(MovedError):
    """Two persons lifted the wall before; a new one can be set."""

    code = "wall-lifted"
    title = "Wall lifted before"
    default_detail = "Read the walls of the case; set a new one if it is needed."


class GlassBreakNotFoundError(NotFoundError):
    """No such notice, or not of the caller's cases."""

    code = "glass-break-not-found"
    title = "Notice of broken glass not found"


class GlassReviewedError(MovedError):
    """The review is closed; its finding stays."""

    code = "glass-break-reviewed"
    title = "Reviewed before"


class ReasonRefusedError(InvalidError):
    """The reason holds something that looks like an identifier."""

    code = "reason-holds-identifier"
    title = "Reason holds an identifier"
    default_detail = "Say why without names or identifiers."
