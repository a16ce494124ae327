from datetime import datetime, timedelta

from app.core.errors import AppError, InvalidError
from app.quotas.allowances import COUNTED


class QuotaExceededError(AppError):
    """The office, or this client or person of it, has used its allowance of a key class."""

    status = 429
    code = "quota-exceeded"
    title = "Allowance used up"
    default_detail = (
        "Wait for the time in Retry-After, or ask the operator for an import allowance."
    )
    sends = ("Retry-After",)
    key_class = ""
    """Of what the allowance is used up."""


class ImportPeriodError(InvalidError):
    """An import allowance would end before it begins, or last too long."""

    code = "import-period-invalid"
    title = "Import period not valid"
    default_detail = "Propose it anew with an end that is to come, at most 92 days off."


def exceeded(key_class: str, wait: timedelta | None, now: datetime) -> QuotaExceededError:
    """Return the refusal that names the class and when it may be asked for again."""
    if wait is None:
        error = QuotaExceededError(
            f"This is more of the class {key_class} than is ever allowed at once. Ask for fewer "
            "elements, or ask the operator for an import allowance."
        )
    else:
        seconds = int(wait.total_seconds()) + 1
        again = (now + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        advice = (
            "Wait" if key_class in COUNTED else "Wait, or ask the operator for an import allowance"
        )
        error = QuotaExceededError(
            f"The allowance of the class {key_class} is used up until {again}. {advice}."
        )
        error.headers = {"Retry-After": str(seconds)}
    error.key_class = key_class
    return error
