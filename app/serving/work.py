"""The worker as a process: it has the service's login, and of the keys the app secret alone."""

import asyncio
import signal
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from app.core import logging
from app.core.confinement import confine
from app.core.keyfiles import KeyFiles
from app.core.settings import RegistrySettings
from app.serving.process import require_own_settings

if TYPE_CHECKING:
    from app.core.db import Sessions
    from app.jobs.worker import Channel


def channels(settings: RegistrySettings, sessions: "Sessions") -> "Sequence[Channel[Any]]":
    """Return the ways of telling that the settings allow."""
    from app.jobs.worker import Channel  # noqa: PLC0415 -- after the confinement
    from app.notices import mailing  # noqa: PLC0415 -- as above
    from app.people.seal import Seal  # noqa: PLC0415 -- as above
    from app.webhooks import delivering  # noqa: PLC0415 -- as above
    from app.webhooks.destinations import Destinations  # noqa: PLC0415 -- as above

    seal = Seal(KeyFiles(settings.keys / "registry").secret("app-secret"))
    postbox = mailing.Postbox(sessions, settings)
    post = delivering.Post(sessions, seal, Destinations.of(settings))
    mail = Channel(
        "mail",
        lambda office_id: office_id,
        lambda now: mailing.offices_to_mail(postbox, now=now),
        lambda office_id, now: mailing.send_mails(postbox, office_id, now=now),
    )
    return [
        *([mail] if settings.smtp_host else []),
        Channel(
            "webhooks",
            lambda key: key[0],
            lambda now: delivering.webhooks_to_tell(post, now=now),
            lambda key, now: delivering.deliver(post, *key, now=now),
        ),
    ]


def run(parent: int | None = None) -> None:
    """Work in the foreground until SIGTERM, SIGINT, or the pipe `parent` closes."""
    import uvloop  # noqa: PLC0415 -- not on Windows

    logging.configure("worker")
    require_own_settings("registry")
    settings = RegistrySettings()
    secret = settings.keys.resolve() / "registry" / "app-secret"
    read = [secret, *([settings.smtp_ca] if settings.smtp_ca else [])]
    structlog.get_logger().info("confinement", confined=confine(read=read, connect=True))
    uvloop.run(_work(settings, parent))


async def _work(settings: RegistrySettings, parent: int | None) -> None:
    from app.core.db import create_engine, create_sessions  # noqa: PLC0415 -- as above
    from app.jobs.worker import work  # noqa: PLC0415 -- as above

    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if parent is not None:
        loop.add_reader(parent, partial(_orphaned, loop, parent, stop))
    engine = create_engine(
        settings.database_url.get_secret_value(), pool_size=min(settings.pool_size, 4)
    )
    try:
        structlog.get_logger().info("working")
        await work(channels(settings, create_sessions(engine)), stop)
    finally:
        await engine.dispose()


def _orphaned(loop: asyncio.AbstractEventLoop, parent: int, stop: asyncio.Event) -> None:
    loop.remove_reader(parent)  # the end of a pipe stays readable
    stop.set()


def main() -> None:
    """Run as a child of `joinder serve`: parent's pipe."""
    import sys  # noqa: PLC0415 -- the command line of a child alone

    run(int(sys.argv[2]))


if __name__ == "__main__":
    main()
