from app.core.errors import ForbiddenError


class StepUpNeededError(ForbiddenError):
    """The operation needs a second factor given in the last minutes."""

    code = "step-up-needed"
    title = "Second factor needed now"
    default_detail = "Give a second factor at POST /v1/sign-in/second-factor and send it again."


class MissingScopeError(ForbiddenError):
    """The caller's credential does not carry the permission that the operation needs."""

    code = "missing-scope"
    title = "Scope missing"
    default_detail = (
        "Ask for an access token with the scope that /openapi.json names for this operation."
    )


class AgreementNotInForceError(ForbiddenError):
    """The office's participation agreement is not in force, so it gets no tokens."""

    code = "agreement-not-in-force"
    title = "Agreement not in force"
    default_detail = "Ask the operator to record your office's participation agreement."
