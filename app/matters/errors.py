from app.core.errors import ConflictError, InvalidError, NotFoundError


class MatterNotFoundError(NotFoundError):
    """No such matter, or the caller's office is no party; the two are never told apart."""

    code = "matter-not-found"
    title = "Matter not found"


class MatterEndedError(ConflictError):
    """The matter has ended, or the office has left it; what was written stays as it is."""

    code = "matter-ended"
    title = "Matter ended"
    default_detail = "Read it and its exports; a new request begins another one."


class LeadOfferError(ConflictError):
    """The lead cannot be handed over like this now."""

    code = "lead-not-to-hand-over"
    title = "Lead cannot be handed over"
    default_detail = "Read the leads: only the lead offers, to another party, one offer at a time."


class LeadOfferNotFoundError(NotFoundError):
    """No such offer of the lead waits for the caller's office."""

    code = "lead-offer-not-found"
    title = "Offer not found"


class InstrumentMissingError(ConflictError):
    """The state's rule wants a referral or consent on record before this office leads."""

    code = "instrument-missing"
    title = "Referral or consent missing"
    default_detail = "Record the instrument at POST /v1/handling-requests/{id}/instruments first."


class WordsRefusedError(InvalidError):
    """A short text holds something that looks like an identifier."""

    code = "words-hold-identifier"
    title = "Text holds an identifier"
    default_detail = "Write it without names of subjects, numbers or addresses."
