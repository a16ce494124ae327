from app.core.errors import NotFoundError


class MemberNotFoundError(NotFoundError):
    """No such member of the caller's own office."""

    code = "member-not-found"
    title = "Member not found"


class TaskNotFoundError(NotFoundError):
    """No such open task of the caller's own office."""

    code = "task-not-found"
    title = "Task not found"
