from app.core.errors import ConflictError, InvalidError, MovedError, NotFoundError


class HandlingNotFoundError(NotFoundError):
    """No such request, or the caller's office is no party; the two are never told apart."""

    code = "handling-request-not-found"
    title = "Handling request not found"


class HandlingOpenError(MovedError):
    """The overlap has an open request of this kind, or an agreement."""

    code = "handling-request-open"
    title = "A request is open for this overlap"
    default_detail = "Read GET /v1/handling-requests and answer, await or end the open one."


class HandlingMovedError(MovedError):
    """The request is where this step does not lead on, or another step was first."""

    code = "handling-step-not-possible"
    title = "Not a step from here"
    default_detail = "Read the request: steps lists what your office can do next."


class HandlingDoneError(MovedError):
    """The office has taken this step before and waits for the others."""

    code = "handling-step-taken"
    title = "Your office did so before"
    default_detail = "Read the request: parties says whose answer or signature is missing."


class HandlingNotYoursError(MovedError):
    """Another party must take this step."""

    code = "handling-request-not-yours-to-answer"
    title = "Not yours to do"
    default_detail = "Read the request: who asked withdraws, who was asked declines."


class TooManyInstrumentsError(ConflictError):
    """As many referrals and consents of the request are on record as may be."""

    code = "instruments-too-many"
    title = "Too many referrals and consents"
    default_detail = "Read those on record; one paper can cover the whole matter."


class PartyStaysError(MovedError):
    """The office cannot leave now: it leads, or only two are left."""

    code = "party-stays"
    title = "This party cannot leave now"
    default_detail = "Hand over the lead first; where two parties are left, conclude the agreement."


class TermsRefusedError(InvalidError):
    """A term names no party, ends too late or holds an identifier; or too many versions."""

    code = "handling-terms-invalid"
    title = "Terms not valid"
    default_detail = (
        "Name parties by their numbers, laws as they are cited, and an end within two years."
    )


class PartiesRefusedError(InvalidError):
    """An office is named twice, is the caller's own, takes no part, is walled, or not shown yet."""

    code = "handling-parties-invalid"
    title = "Parties not valid"
    default_detail = (
        "Name each other office once, by an overlap that shows its contact or by its code; "
        "ask an office that is not shown yet alone, and none that a wall keeps from the case."
    )


class SignatureRefusedError(InvalidError):
    """The typed attestation is not the sentence, letter for letter."""

    code = "attestation-differs"
    title = "Attestation differs"
    default_detail = "Type the sentence of docs/handling.md letter for letter."


class TextChangedError(MovedError):
    """What was to be signed is not what stands now."""

    code = "agreement-text-differs"
    title = "Not the text you read"
    default_detail = "Read the newest terms again and sign with the digest of their text."


class TermsLapsedError(MovedError):
    """Since the change was proposed a party has left, or the lead has passed."""

    code = "handling-terms-lapsed"
    title = "The proposed change has lapsed"
    default_detail = "Its text names who is no party or does not lead by now. Propose it anew."


class ReasonNeededError(InvalidError):
    """The state's rule wants the reasons of a denial in writing."""

    code = "written-reason-needed"
    title = "Written reason needed"
    default_detail = "Send an explanation; authority in the request cites the rule."
