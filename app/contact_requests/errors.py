from app.core.errors import MovedError, NotFoundError


class ContactRequestNotFoundError(NotFoundError):
    """No such request, or not between the caller's office and another."""

    code = "contact-request-not-found"
    title = "Contact request not found"


class ContactRequestOpenError(MovedError):
    """The office asked before, and no answer has come."""

    code = "contact-request-open"
    title = "A contact request is open for this overlap"
    default_detail = "Read GET /v1/contact-requests; await the answer, or withdraw it."


class ContactShownError(MovedError):
    """The overlap shows already whom to call."""

    code = "contact-shown"
    title = "Contact is shown"
    default_detail = "Read the overlap: its counterpart names the office and whom to call."


class ContactRequestEndedError(MovedError):
    """The request was answered, withdrawn or expired; that is final."""

    code = "contact-request-ended"
    title = "Request ended"
    default_detail = "Read the request for how it ended; a new one can be made."


class ContactRequestNotYoursError(MovedError):
    """Only the office that was asked answers, and only the one that asked withdraws."""

    code = "contact-request-not-yours"
    title = "Not yours to do"
    default_detail = "The office that was asked answers; the one that asked can withdraw."
