from app.core.errors import ConflictError


class RunUnderWayError(ConflictError):
    """Another nightly run is under way; there is one at a time."""

    code = "run-under-way"
    title = "Another run is under way"
    default_detail = "Wait for it to end; `GET /v1/runs` tells an auditor how far it is."


class RunLostError(ConflictError):
    """The run lost its lock and another one began; what it did stays, it must do no more."""

    code = "run-lost"
    title = "Another run took over"
    default_detail = "Nothing needs to be done: the other run does what this one left."
