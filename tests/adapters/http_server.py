"""A small HTTP server on loopback that answers what a test tells it: also late, wrong, or not at all."""

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Answer:
    """`hang`: take the request and never answer. `cut`: promise more bytes than are sent."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    hang: bool = False
    cut: bool = False

    @classmethod
    def json(cls, body: str, status: int = 200, **headers: str) -> Self:
        """Headers by their names, with _ for -."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return cls(status, body, {"Content-Type": "application/json", **named})


@dataclass
class HttpServer:
    """`answer` decides by path and query; `asked` keeps them in order, `authorized` what each said in its header."""

    url: str
    answer: Callable[[str], Answer] = lambda _: Answer()
    asked: list[str] = field(default_factory=list[str])
    authorized: list[str | None] = field(default_factory=list[str | None])

    def always(self, answer: Answer) -> str:
        """Answer everything so; returns the address."""
        self.answer = lambda _: answer
        return self.url


@contextmanager
def http_server() -> Generator[HttpServer]:
    """The server, until the end of the block; hanging requests are let go there."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            served.asked.append(self.path)
            served.authorized.append(self.headers.get("Authorization"))
            answer = served.answer(self.path)
            if answer.hang:
                over.wait()
                return
            body = answer.body.encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) + 100 * answer.cut))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_HEAD = _reply  # noqa: N815 - the standard library calls them so

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        served = HttpServer(f"http://{LOOPBACK}:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield served
        finally:
            over.set()
            server.shutdown()
            thread.join()
