"""An HTTP server in threads of this process, on loopback, for the vendors that cannot be had."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from rig.servers.ports import LOOPBACK


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
