"""A wire between a process of ours and a server: it listens, and holds what passes until the blow has fallen."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Literal

Upstream = tuple[str, int] | str
Moment = Literal["before the answer", "after the answer", "within the answer"]
_LONGEST_HOLD_S = 300
_DRIP_S = 1.0


@dataclass
class Hold:
    """A call to the server that is held from the `nth` time on, for as long as the wire holds anything.

    A call is known by all of `needles` or, where what is sent is compressed, by its size: `at_least` bytes.
    "before the answer": it has reached nobody yet. "after the answer": the server has done it and said so, and the
    process never hears of it. "within the answer": the same, for a process that would soon give up on a silent server,
    ask it what became of the call, and know: the answer drips, and its last byte does not come. `alone`: while one is
    held, its repetitions are turned away, else each of them would hold up a thread of the process. `then`: what is held
    is what the same connection says after it, such as the end of its transaction.
    """

    needles: tuple[bytes, ...]
    moment: Moment
    nth: int = 1
    alone: bool = False
    at_least: int = 0
    then: bytes = b""
    calls: int = 0
    reached: threading.Event = field(default_factory=threading.Event)

    def knows(self, asked: bytes) -> bool:
        """Is it this call?"""
        return len(asked) >= self.at_least and all(needle in asked for needle in self.needles)

    def means(self, asked: bytes, begun: "Sequence[Hold]") -> bool:
        """Is it what is held? `begun`: those that have known a call of this connection and wait for what comes then."""
        if not self.then:
            return self.knows(asked)
        return self.then in asked and any(hold is self for hold in begun)


class Fate(Enum):
    """What becomes of held calls: they are lost with the process that made them, or go on their way late."""

    CUT = auto()
    PASSED = auto()


class Wiretap:
    """A TCP proxy on loopback."""

    def __init__(self, upstream: Upstream, holds: Sequence[Hold] = ()) -> None:
        self._upstream = upstream
        self._holds = list(holds)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._fate = Fate.PASSED
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
        self.end(Fate.CUT)
        self._server.shutdown()
        self._server.server_close()

    def hold(self, holds: Sequence[Hold]) -> None:
        """Hold these calls from now on."""
        with self._lock:
            self._holds = list(holds)
        self._over = threading.Event()

    def end(self, fate: Fate) -> None:
        """Hold nothing any more."""
        with self._lock:
            self._holds = []
        self._fate = fate
        self._over.set()

    def relay(self, client: socket.socket) -> None:
        """Pass bytes both ways until either side ends. Where the server is dead, so is the wire."""
        try:
            server = self._connect()
        except OSError:
            return
        with server:
            asked = bytearray()
            answer_held = threading.Event()
            begun: list[Hold] = []
            arguments = (server, client, asked, answer_held, begun)
            answers = threading.Thread(target=self._answers, args=arguments, daemon=True)
            answers.start()
            with contextlib.suppress(OSError):
                while data := client.recv(65536):
                    asked += data
                    held = self._held(bytes(asked), begun)
                    if held == "again" or (held == "before the answer" and not self._passes()):
                        break
                    if held in {"after the answer", "within the answer"}:
                        answer_held.set()
                    server.sendall(data)
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_WR)
            answers.join(timeout=5)

    def _answers(
        self, server: socket.socket, client: socket.socket, asked: bytearray, answer_held: threading.Event,
        begun: Sequence[Hold],
    ) -> None:  # fmt: skip
        """What is asked next begins anew when an answer has come."""
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                rest = data
                if answer_held.is_set():
                    if self._reached(bytes(asked), begun) == "within the answer":
                        rest = self._drip(data, client)
                    if not self._passes():
                        break
                    answer_held.clear()
                asked.clear()
                client.sendall(rest)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def _connect(self) -> socket.socket:
        if isinstance(self._upstream, str):
            wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            wire.connect(self._upstream)
            return wire
        return socket.create_connection(self._upstream, timeout=30)

    def _held(self, asked: bytes, begun: list[Hold]) -> Moment | Literal["again"] | None:
        """Does a hold know this call, and is its time come?"""
        with self._lock:
            begun += [h for h in self._holds if h.then and h.knows(asked)]
            hold = next((h for h in self._holds if h.means(asked, begun)), None)
            if hold is None:
                return None
            hold.calls += 1
            if hold.calls < hold.nth:
                return None
            if hold.alone and hold.reached.is_set():
                return "again"
            if hold.moment == "before the answer":
                hold.reached.set()
            return hold.moment

    def _reached(self, asked: bytes, begun: Sequence[Hold]) -> Moment | None:
        """Say so of those who know this call; where the first of them holds it."""
        with self._lock:
            known = [hold for hold in self._holds if hold.means(asked, begun)]
        for hold in known:
            hold.reached.set()
        return known[0].moment if known else None

    def _drip(self, answer: bytes, client: socket.socket) -> bytes:
        """Byte by byte, all but the last, until the blow has fallen; what is left of it then."""
        while len(answer) > 1 and not self._over.wait(_DRIP_S):
            client.sendall(answer[:1])
            answer = answer[1:]
        return answer

    def _passes(self) -> bool:
        """Wait until the blow has fallen: may it go on its way?"""
        return self._over.wait(_LONGEST_HOLD_S) and self._fate is Fate.PASSED
