from app.core.errors import ConflictError, ForbiddenError, NotFoundError


class ProposalNotFoundError(NotFoundError):
    """There is no such proposal."""

    code = "proposal-not-found"
    title = "Proposal not found"
    default_detail = "Run `joinder proposal list` for those that wait."


class ProposalEndedError(ConflictError):
    """The proposal was approved before, or nobody approved it within a day."""

    code = "proposal-ended"
    title = "Proposal ended"
    default_detail = "Run `joinder proposal list` for those that wait; propose it again if needed."


class ProposalChangedError(ConflictError):
    """What was to be approved is not what is proposed."""

    code = "proposal-digest-differs"
    title = "Not what you read"
    default_detail = "Read the proposal again and approve it with the digest that it has now."


class SecondOperatorError(ForbiddenError):
    """Who proposed cannot approve."""

    code = "second-operator-needed"
    title = "Second operator needed"
    default_detail = "Another operator must approve; JOINDER_OPERATOR names who you are."
