from app.core.errors import InvalidError, NotFoundError


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


class MailAbsentError(InvalidError):
    """This registry sends no mail."""

    code = "mail-not-sent-here"
    title = "No mail here"
    default_detail = "The operator has set up no mail server: choose `none`, and read the list."
