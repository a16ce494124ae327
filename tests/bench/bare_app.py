"""Bare Starlette on uvicorn, answering one fixed JSON value; the limit for a page in this language.

Run as `python -m tests.bench.bare_app DESCRIPTOR FILE`, the descriptor being a listening socket.
"""

import json
import socket
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def main() -> None:
    """Serve the JSON value of the file, rendered for every request as an application would."""
    value = json.loads(Path(sys.argv[2]).read_bytes())

    async def page(_request: Request) -> JSONResponse:
        return JSONResponse(value)

    app = Starlette(routes=[Route("/v1/overlaps", page)])
    config = uvicorn.Config(app, log_config=None, access_log=False, loop="uvloop", http="httptools")
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])


if __name__ == "__main__":
    main()
