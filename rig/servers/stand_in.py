"""A server that stands in for one of Grafana's, which cannot be had: in JSON what succeeds, in plain text what not."""

import json
from abc import abstractmethod
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rig.servers.ports import LOOPBACK, free_port
from rig.servers.server import Server
from rig.servers.serving import Serving

Asked = Mapping[str, str]


class Refused(Exception):
    """A refusal: its status, and its words as plain text."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


class StandIn(Server):
    """At `url`. With a `token` or a `tenant` it asks for them; what is posted is kept by `push`."""

    def __init__(self, *, token: str | None = None, tenant: str | None = None) -> None:
        self.port = free_port()
        self.token = token
        self.tenant = tenant
        self._serving = Serving(self.port, type("StandInHandler", (_Handler,), {"served": self}))

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start it; returns when it takes requests."""
        self._serving.start()

    def stop(self) -> None:
        """Stop it; what was pushed is kept."""
        self._serving.stop()

    @abstractmethod
    def push(self, body: Mapping[str, Any]) -> None:
        """Keep what was posted."""

    @abstractmethod
    def answer(self, path: str, asked: Asked) -> dict[str, Any]:
        """The body of a success; raises Refused."""


def exactly(asked: Asked, wanted: set[str]) -> None:
    """Raises Refused for a parameter too many or too few: the real ones would pass over some of them in silence."""
    if wrong := asked.keys() ^ wanted:
        raise Refused(400, f"wrong or missing parameters: {sorted(wrong)}")


class _Handler(BaseHTTPRequestHandler):
    served: StandIn

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        try:
            self._let_in()
            self._send(200, json.dumps(self.served.answer(parts.path, asked)), "application/json")
        except Refused as refused:
            self._send(refused.status, refused.words, "text/plain; charset=utf-8")

    def do_POST(self) -> None:
        self.served.push(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._send(204, "", "text/plain")

    def _let_in(self) -> None:
        served = self.served
        if served.token is not None and self.headers.get("Authorization") != f"Bearer {served.token}":
            raise Refused(401, "invalid authentication")
        if served.tenant is not None and self.headers.get("X-Scope-OrgID") != served.tenant:
            raise Refused(401, "no org id")

    def _send(self, status: int, body: str, kind: str) -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""
