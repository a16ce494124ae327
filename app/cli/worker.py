"""`joinder worker`: delivers what offices are to be told; several may run."""


def worker() -> None:
    """Deliver webhooks and mails until told to stop; what is under way is finished first.

    `joinder serve` does so by itself. Start it where the registry runs with --only, with that
    one's JOINDER_DATABASE_URL and JOINDER_KEYS; any number may run at once.

    Example: joinder worker
    """
    from app.serving.work import run  # noqa: PLC0415 -- keeps --help quick

    run()
