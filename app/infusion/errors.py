from app.core.errors import ConflictError, InvalidError, MovedError, NotFoundError


class QuestionNotFoundError(NotFoundError):
    """No such question, or one between other offices; never told apart."""

    code = "infusion-question-not-found"
    title = "Question not found"
    default_detail = "Check the id in GET /v1/infusion-questions."


class QuestionStandsError(MovedError):
    """The question is in a state that this step does not start from."""

    code = "infusion-question-state"
    title = "Not in this state"
    default_detail = "Read the question: what is answered, withdrawn or expired stays so."


class QuestionNotYoursError(MovedError):
    """The step is the other office's: one asks, withdraws and says the use; one takes, answers."""

    code = "infusion-question-not-yours"
    title = "The other office's step"
    default_detail = "The office that asked withdraws and says the use; the desk takes and answers."


class DeskBusyError(ConflictError):
    """As many of the office's questions as one office may have wait at this desk already."""

    code = "infusion-desk-busy"
    title = "Too many questions wait"
    default_detail = (
        "Withdraw one, or wait for an answer: GET /v1/infusion-questions?direction=asked."
    )


class DeskAbsentError(InvalidError):
    """The office offers no advice on this topic, takes no part, or is the caller's own."""

    code = "infusion-desk-absent"
    title = "No such desk"
    default_detail = "Choose an office and one of its topics from GET /v1/infusion-desks."
