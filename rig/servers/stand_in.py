"""A server that stands in for one of Grafana's, which cannot be had: in JSON what succeeds, in plain text what not."""

import json
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rig.servers.serving import Answering, Served

Asked = Mapping[str, str]


class Refused(Exception):
    """A refusal: its status, and its words as plain text."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


class StandIn(Served):
    """At `url`. With a `token` or a `tenant` it asks for them; what is posted is kept by `push`."""

    def __init__(self, *, token: str | None = None, tenant: str | None = None) -> None:
        super().__init__(type("StandInHandler", (_Handler,), {"served": self}))
        self.token = token
        self.tenant = tenant

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


class _Handler(Answering):
    served: StandIn

    def do_GET(self) -> None:  # noqa: N802 - its name there
        parts = urlsplit(self.path)
        asked = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        try:
            self._let_in()
            answer = json.dumps(self.served.answer(parts.path, asked))
            self.write(200, answer, {"Content-Type": "application/json"})
        except Refused as refused:
            self.write(refused.status, refused.words, {"Content-Type": "text/plain; charset=utf-8"})

    def do_POST(self) -> None:  # noqa: N802 - its name there
        self.served.push(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.write(204, "", {"Content-Type": "text/plain"})

    def _let_in(self) -> None:
        served = self.served
        if served.token is not None and self.headers.get("Authorization") != f"Bearer {served.token}":
            raise Refused(401, "invalid authentication")
        if served.tenant is not None and self.headers.get("X-Scope-OrgID") != served.tenant:
            raise Refused(401, "no org id")
