"""A process that uses an embedded server; the tests start, kill and watch it.

Arguments: the home, and optionally the account number to become first.
It prints one JSON line, then waits for its standard input to end and leaves in order.
"""

import asyncio
import encodings.ascii
import encodings.idna  # noqa: F401 - Python's own files may be out of reach after setuid
import json
import os
import sys
from pathlib import Path

import asyncpg
import asyncpg.pgproto.pgproto

from app.postgres import postmaster
from app.postgres.server import EmbeddedServer


async def whoami(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval("SELECT session_user"))
    finally:
        await connection.close()


def main() -> None:
    home = Path(sys.argv[1])
    if len(sys.argv) > 2:
        number = int(sys.argv[2])
        os.setgroups([])
        os.setgid(number)
        os.setuid(number)
    server = EmbeddedServer(home)
    url = server.start()
    running = postmaster.find(server.layout)
    assert running is not None
    report = {"url": url, "postmaster": running.pid, "role": asyncio.run(whoami(url))}
    print(json.dumps(report | {"uid": os.geteuid()}), flush=True)
    sys.stdin.read()
    print(json.dumps({"stopped": server.stop()}), flush=True)


main()
