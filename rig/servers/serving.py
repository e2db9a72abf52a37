"""An HTTP server in threads of this process, on loopback, for the vendors that cannot be had."""

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from rig.servers.ports import LOOPBACK, free_port
from rig.servers.server import Server


class Serving:
    """Started and stopped as often as wanted, on the same port."""

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self._port = port
        self._handler = handler
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Returns when it takes requests."""
        self._server = ThreadingHTTPServer((LOOPBACK, self._port), self._handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def stop(self) -> None:
        """Whoever hangs in a request has to be let go before; harmless when it does not run."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None


class Answering(BaseHTTPRequestHandler):
    """A handler that writes whole answers, and says nothing on stderr."""

    def write(self, status: int, body: str, headers: Mapping[str, str]) -> None:
        """One answer; its length is added to the headers."""
        content = body.encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


class Served(Server):
    """A server at `url`, answered by a handler; what it holds stays while it is stopped."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self.port = free_port()
        self._serving = Serving(self.port, handler)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start it; returns when it takes requests."""
        self._serving.start()

    def stop(self) -> None:
        """Stop it."""
        self._serving.stop()
