from app.core.errors import UnavailableError


class EpochMovedError(UnavailableError):
    """The key epoch moved on while a post was under way; nothing of the post was kept."""

    code = "epoch-moved"
    title = "Key epoch moved on"
    default_detail = "Repeat the same request; posts under the epoch before are still taken."
