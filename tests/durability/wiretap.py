"""A wire between the worker and a server: it counts what passes, and strikes when the server has been called."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Upstream = tuple[str, int] | str
Moment = Literal["before the answer", "after the answer"]


@dataclass
class Strike:
    """When: the `nth` time that `needle` passes to the server. What: `blow`, once.

    "before the answer": the request has reached nobody yet. "after the answer": the server has done it and said so,
    and the worker never hears of it.
    """

    needle: bytes
    nth: int
    moment: Moment
    blow: Callable[[], None]


class Wiretap:
    """A TCP proxy on loopback. `calls` counts how often the needle passed, `struck` says whether the blow fell."""

    def __init__(self, upstream: Upstream, strike: Strike) -> None:
        self._upstream = upstream
        self._strike = strike
        self._lock = threading.Lock()
        self.calls = 0
        self.struck = threading.Event()
        tap = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                tap.relay(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> "Wiretap":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def relay(self, client: socket.socket) -> None:
        """Pass bytes both ways until either side ends, or the blow falls on this connection."""
        with self._connect() as server:
            waiting = threading.Event()
            answers = threading.Thread(target=self._answers, args=(server, client, waiting), daemon=True)
            answers.start()
            with contextlib.suppress(OSError):
                while data := client.recv(65536):
                    if self._is_due(data):
                        if self._strike.moment == "before the answer":
                            self._hit()
                            return
                        waiting.set()
                    server.sendall(data)
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_WR)
            answers.join(timeout=5)

    def _answers(self, server: socket.socket, client: socket.socket, waiting: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if waiting.is_set():
                    waiting.clear()
                    self._hit()
                    return
                client.sendall(data)

    def _connect(self) -> socket.socket:
        if isinstance(self._upstream, str):
            wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            wire.connect(self._upstream)
            return wire
        return socket.create_connection(self._upstream, timeout=30)

    def _is_due(self, data: bytes) -> bool:
        if self._strike.needle not in data:
            return False
        with self._lock:
            self.calls += 1
            return self.calls == self._strike.nth

    def _hit(self) -> None:
        self._strike.blow()
        self.struck.set()
