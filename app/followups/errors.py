from app.core.errors import ConflictError, InvalidError


class FollowUpStateError(ConflictError):
    """The step does not follow from where the office is with this overlap by now."""

    code = "follow-up-state"
    title = "Not the next step"
    default_detail = "Read the follow-up of the overlap; its state says which steps remain."


class AssigneeRefusedError(InvalidError):
    """No such person of the office, or one who cannot see to this overlap."""

    code = "assignee-invalid"
    title = "Cannot be assigned"
    default_detail = "Name an enabled person of your office who may read the overlap's case."
