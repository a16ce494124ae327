from app.core.errors import ConflictError


class RotationUnderWayError(ConflictError):
    """The step does not fit where the rotation stands."""

    code = "rotation-under-way"
    title = "Rotation under way"
    default_detail = "End the one before first, with `joinder keys rotate --finish`."


class EpochStillTakenError(ConflictError):
    """Posts under the previous epoch are still taken."""

    code = "epoch-still-taken"
    title = "Epoch still taken"
    default_detail = "Run the command again when the time of grace is over."


class OldTokensLeftError(ConflictError):
    """Tokens of the previous epoch are not dropped yet."""

    code = "old-tokens-left"
    title = "Old tokens left"
    default_detail = "Run joinder keys rotate again; it drops them."
