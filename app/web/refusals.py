"""What people are told about refusals; the API's own advice speaks to programs."""

from typing import Final

from app.core.errors import AppError, InvalidError
from app.web import forms

_ADVICE: Final = {
    404: "It does not exist, or it is not for you to see. We cannot say which.",
    403: "Your role does not include this. Ask your office's administrator if it should.",
    409: "It has changed since you opened the page. Read how it stands now.",
    412: "Somebody changed it after you opened the page. Read how it stands now, and decide anew.",
    503: "A part of the service does not answer. Wait a moment, then send it again.",
    500: "Something went wrong on our side. Try again; if it happens again, call the operator.",
}
_BY_CODE: Final = {
    "cross-site-request": "The page was open for too long, or it is not ours. Open it again here.",
    "step-up-needed": "This needs a second factor given in the last 15 minutes. Open the page "
    "again and give it there.",
    "handling-request-open": "There is an open request for this overlap. See Joint handling.",
    "handling-step-not-possible": "Somebody was first. Read where it stands now.",
    "handling-parties-invalid": "An office here cannot take part: it is named twice, has no "
    "agreement in force with the registry, is or was a party, or a wall of yours keeps it out.",
    "handling-terms-invalid": "It must end later than is agreed by now, and within two years.",
    "written-reason-needed": "The law of the office that asked wants your reasons in writing, in "
    "20 characters or more.",
    "handling-step-taken": "Your office has done this before, and waits for the others.",
    "handling-request-not-yours-to-answer": "Another office must do this.",
    "agreement-text-differs": "The text has changed since you read it. Read it as it stands now.",
    "handling-terms-lapsed": "A party has left, or the lead has passed, since it was proposed. "
    "Propose it anew.",
    "task-done": "Somebody of your office was first: it is done.",
    "member-left": "Somebody of your office was first: they are off the team.",
    "lead-offer-lapsed": "The offer waits no longer. Open the matter again to see who leads.",
    "suppression-stands": "Your office has an entry for this value already. End that one first.",
    "own-account": "Another administrator of your office must do this.",
    "last-key": "It is the only key of this client. End the client instead.",
    "second-person-needed": "Two persons must agree, and you were the first. Ask a colleague with "
    "the right role.",
    "grant-digest-differs": "It has changed since you read it. Open the page again.",
    "glass-break-reviewed": "Somebody closed the review before you. Its finding stays.",
    "instrument-missing": "The state's rule wants a referral or consent on record first.",
    "overlap-moved": "Somebody was first. Read what both offices say of it by now.",
    "contact-request-open": "Your office has asked before and waits for the answer. See Contacts.",
    "contact-shown": "The overlap shows already whom to call. Open it again.",
    "contact-request-ended": "The request was answered, withdrawn or has expired.",
    "contact-request-not-yours": "The other office must do this.",
    "second-look-state": "Somebody was first. Open the page again to see where it stands.",
    "infusion-question-state": "Somebody was first. Open the page again to see where it stands.",
    "infusion-question-not-yours": "The other office must do this.",
    "infusion-desk-busy": "Twenty questions of your office wait at this desk. Withdraw one, or "
    "wait for an answer.",
    "infusion-desk-absent": "That office gives no advice on this topic. Choose another desk.",
    "quota-exceeded": "Your office or you have asked about as many as is allowed for now. Nothing "
    "was looked up. Try again tomorrow, or ask the operator for more.",
    "agreement-not-in-force": "Your office does not take part now, because its participation "
    "agreement is not in force.",
    "epoch-changed": "The service has changed how it scrambles since you opened the page. Open it "
    "again.",
    "case-held": "A legal hold keeps the case as it is. A unit head can lift it.",
    "cursor-invalid": "Start the list from its first page.",
    "unknown-parameter": "The address has something in it that this page does not know.",
}
_MISFIT: Final = (
    "The address, or what was sent, holds something that this page does not take. Go back and "
    "choose again."
)
"""Of what the API says place by place, in its own words."""
_HEADINGS: Final = {
    "invalid-request": "That does not fit here",
    "missing-scope": "Not part of your role",
    "cross-site-request": "This page is out of date",
    "cursor-invalid": "This list has changed",
    "unknown-parameter": "Address not known",
    "quota-exceeded": "Allowance used up",
    "version-changed": "Changed since you read it",
}


def heading(error: AppError) -> str:
    """Return what a page says of a refusal first, in people's words where the API's are not."""
    if error.status == 404:  # noqa: PLR2004 -- not found, whatever it was
        return "Page not found"
    return _HEADINGS.get(error.code, error.title)


def details(error: AppError) -> list[str]:
    """Return what else a page says of a refusal, a line each."""
    return [] if error.code == InvalidError.code else [each.detail for each in error.problems]


def advice(error: AppError) -> str:
    """Return what a person can do about a refusal."""
    if error.code == InvalidError.code:
        return _MISFIT
    return _BY_CODE.get(error.code) or _ADVICE.get(error.status) or error.default_detail


def at_form(error: AppError) -> dict[str, str]:
    """Return by field of a form what a person can do about a refusal; "" for no field."""
    found = forms.refused(error)
    if error.problems and error.code not in _BY_CODE:
        return found
    return dict.fromkeys(found, advice(error))
