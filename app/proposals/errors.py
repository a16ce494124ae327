from app.core.errors import ConflictError, ForbiddenError, MovedError, NotFoundError


class ProposalNotFoundError(NotFoundError):
    """There is no such proposal."""

    code = "proposal-not-found"
    title = "Proposal not found"
    default_detail = "Look at those that wait: `joinder proposal list`."


class ProposalEndedError(MovedError):
    """The proposal was approved before, another was in its place, or it counts no longer.

    That is, nobody approved it in time, or who proposed it may not propose it any more.
    """

    code = "proposal-ended"
    title = "Proposal ended"
    default_detail = (
        "Propose it again if it is still needed; `joinder proposal list` says what waits."
    )


class ProposalChangedError(MovedError):
    """What was to be approved is not what is proposed."""

    code = "proposal-digest-differs"
    title = "Not what you read"
    default_detail = "Read the proposal again and approve it with the digest that it has now."


class TooManyProposalsError(ConflictError):
    """As many proposals of the office wait as may wait."""

    code = "proposals-too-many"
    title = "Too many proposals"
    default_detail = "Have the operator look at those that wait; each lapses within 72 hours."


class SecondOperatorError(ForbiddenError):
    """Who proposed cannot approve."""

    code = "second-operator-needed"
    title = "Somebody else must approve"
    default_detail = "Another operator must approve; JOINDER_OPERATOR names which one you are."
