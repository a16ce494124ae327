"""Closes the network to the tests: only loopback addresses and Unix sockets stay reachable."""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import pytest


class NetworkClosedError(RuntimeError):
    """A test tried to leave this machine."""


def close_network(patch: pytest.MonkeyPatch) -> None:
    """Make Python's sockets refuse outside addresses and names until `patch` is undone.

    Other processes and libraries with sockets of their own (uvloop) are not covered.
    """

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def method(self: socket.socket, *arguments: Any) -> Any:
            _require_local(arguments[-1])  # connect(address), sendto(data[, flags], address)
            return original(self, *arguments)

        return method

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(host, str) and host.endswith(".example"):  # RFC 2606: nobody has the name
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        _require_local((host,))
        return resolve(host, *arguments, **options)

    resolve = socket.getaddrinfo
    for name in ("connect", "connect_ex", "sendto"):
        patch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
    patch.setattr(socket, "getaddrinfo", getaddrinfo)


def _require_local(address: Any) -> None:
    if not isinstance(address, tuple):  # the path of a Unix socket
        return
    host = address[0].decode() if isinstance(address[0], bytes) else address[0]
    if host in (None, "", "localhost"):
        return
    try:
        is_local = ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        is_local = False
    if not is_local:
        raise NetworkClosedError(f"the network is closed to tests; somebody wanted {host}")
