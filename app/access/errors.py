from app.core.errors import ForbiddenError


class MissingScopeError(ForbiddenError):
    """The caller's credential does not carry the permission that the operation needs."""

    code = "missing-scope"
    title = "Scope missing"
    default_detail = (
        "Ask for an access token with the scope that /openapi.json names for this operation."
    )
