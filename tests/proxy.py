"""A TCP proxy that keeps every byte that passes, for looking at what really goes over the wire."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Proxy:
    """Where the proxy listens, and what was sent through it in both directions."""

    port: int
    sent: bytearray = field(default_factory=bytearray, repr=False)
    answered: bytearray = field(default_factory=bytearray, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def recording(target: int) -> Iterator[Proxy]:
    """Yield a proxy to a port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    proxy = Proxy(listener.getsockname()[1])
    accepting = threading.Thread(target=_accept, args=(listener, target, proxy), daemon=True)
    accepting.start()
    try:
        yield proxy
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(5)


def _accept(listener: socket.socket, target: int, proxy: Proxy) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_relay, args=(client, target, proxy), daemon=True).start()


def _relay(client: socket.socket, target: int, proxy: Proxy) -> None:
    with client, socket.create_connection(("127.0.0.1", target), 5) as server:
        back = threading.Thread(target=_pipe, args=(server, client, proxy.answered), daemon=True)
        back.start()
        _pipe(client, server, proxy.sent)
        back.join()


def _pipe(source: socket.socket, sink: socket.socket, record: bytearray) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            record += chunk
            sink.sendall(chunk)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
