from app.core.errors import InvalidError, MovedError


class FollowUpStateError(MovedError):
    """The step does not follow from the office's state with this overlap, or another was first."""

    code = "follow-up-state"
    title = "Not the next step"
    default_detail = "Read the follow-up of the overlap; its state says which steps remain."


class AssigneeRefusedError(InvalidError):
    """No such person of the office, or one who cannot see to this overlap."""

    code = "assignee-invalid"
    title = "Cannot be assigned"
    default_detail = "Name an enabled person of your office who may read the overlap's case."
