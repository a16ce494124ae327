from app.core.errors import ConflictError


class TooManyViewsError(ConflictError):
    """The person has saved as many views as one may have."""

    code = "views-too-many"
    title = "Too many saved views"
    default_detail = "Forget one that you no longer use, then save this one."
