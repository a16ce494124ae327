from app.core.errors import AppError, InvalidError, NotFoundError


class NoticeNotFoundError(NotFoundError):
    """There is no such notice for the caller."""

    code = "notice-not-found"
    title = "Notice not found"
    default_detail = "GET /v1/me/notices lists yours."


class NoticeAddressError(InvalidError):
    """Mail does not go to this address."""

    code = "notice-address-refused"
    title = "Address not allowed"
    default_detail = "Give an address in the mail domain of your office, which the operator knows."


class TooManyStreamsError(AppError):
    """One sign-in listens as often as it may; pages work without it, too."""

    status = 429
    code = "too-many-streams"
    title = "Too many streams"
    default_detail = "End a stream of this sign-in, or close a page, before you begin another."


class MailAbsentError(InvalidError):
    """This registry sends no mail."""

    code = "mail-not-sent-here"
    title = "No mail here"
    default_detail = "The operator has set up no mail server: choose `none`, and read the list."
