from app.core.errors import InvalidError, MovedError, NotFoundError


class MatterNotFoundError(NotFoundError):
    """No such matter, or the caller's office is no party; the two are never told apart."""

    code = "matter-not-found"
    title = "Matter not found"


class MatterEndedError(MovedError):
    """The matter has ended, or the office has left it; what was written stays as it is."""

    code = "matter-ended"
    title = "Matter ended"
    default_detail = "Read it and its exports; a new request begins another one."


class LeadOfferError(MovedError):
    """The lead cannot be handed over like this now; `status_now` is the code of who leads."""

    code = "lead-not-to-hand-over"
    title = "Lead cannot be handed over"
    default_detail = (
        "Only the lead offers it, to another party that has not given notice. Read the matter."
    )


class LeadOfferNotFoundError(NotFoundError):
    """No such offer of the lead waits for the caller's office."""

    code = "lead-offer-not-found"
    title = "Offer not found"


class LeadOfferLapsedError(MovedError):
    """The offer was accepted, replaced by another, or ended by the office's notice to leave."""

    code = "lead-offer-lapsed"
    title = "Offer has lapsed"
    default_detail = "Read the matter to see who leads; that office may offer the lead again."


class InstrumentMissingError(MovedError):
    """The state's rule wants a referral or consent on record before this office leads."""

    code = "instrument-missing"
    title = "Referral or consent missing"
    default_detail = "Record the instrument at POST /v1/handling-requests/{id}/instruments first."


class WordsRefusedError(InvalidError):
    """A short text holds something that looks like an identifier."""

    code = "words-hold-identifier"
    title = "Text holds an identifier"
    default_detail = "Write it without names of subjects, numbers or addresses."
