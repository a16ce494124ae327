from app.core.errors import MovedError, NotFoundError


class MemberNotFoundError(NotFoundError):
    """No such member of the caller's own office."""

    code = "member-not-found"
    title = "Member not found"


class TaskNotFoundError(NotFoundError):
    """No such task of the caller's own office."""

    code = "task-not-found"
    title = "Task not found"


class MemberLeftError(MovedError):
    """Somebody of the office took the member off the team before."""

    code = "member-left"
    title = "No longer on the team"
    default_detail = "Read the members of the matter: the day on which they left stays."


class TaskDoneError(MovedError):
    """Somebody of the office said before that the task is done."""

    code = "task-done"
    title = "Task is done"
    default_detail = "Read the tasks of the matter: what is done stays so."
