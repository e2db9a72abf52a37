"""The HTTP server: headers as the vendor wants them, faults on demand, and people who answer their pages."""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from rig.servers.pagerduty.account import MIA, SERVICE, Account, Incident, Page
from rig.servers.pagerduty.answers import answer
from rig.servers.pagerduty.webhooks import Webhooks
from rig.servers.ports import LOOPBACK, free_port
from rig.servers.server import Server
from rig.servers.serving import Answering, Serving


@dataclass
class Trouble:
    """What goes wrong, `times` times: a status with the vendor's code and an optional wait in seconds, or `hang`: no
    answer at all. `done`: the request is carried out first, and only its answer is lost.
    """

    status: int = 503
    code: int = 2020
    wait_s: int | None = None
    hang: bool = False
    done: bool = False
    times: int = 1
    only: str = ""
    """The method and the start of the path, such as "POST /incidents"; empty: any."""


class PagerDutyServer(Server):
    """Both APIs at `url`, and one webhook subscription (`webhooks.url`)."""

    def __init__(self) -> None:
        self.port = free_port()
        self.webhooks = Webhooks()
        self.asked: list[str] = []
        self._troubles: list[Trouble] = []
        self._over = threading.Event()
        self._serving = Serving(self.port, _handler(self))
        self.account = Account(self.webhooks.tell)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start it; returns when it takes requests."""
        self._over.clear()
        self._serving.start()
        self.webhooks.start()

    def stop(self) -> None:
        """Stop it; requests that hang are let go."""
        self._over.set()
        self.webhooks.stop()
        self._serving.stop()

    def clear(self) -> None:
        """A new account: no incidents, no pages, no trouble, no subscription."""
        self.account = Account(self.webhooks.tell)
        self.asked.clear()
        self._troubles.clear()
        self.webhooks.url = None
        self.webhooks.delivered.clear()

    def fail(self, trouble: Trouble) -> None:
        """From now on this goes wrong."""
        self._troubles.append(trouble)

    def trouble(self, request: str) -> Trouble | None:
        """What goes wrong with this request, counted down."""
        with self.account.lock:
            found = next((t for t in self._troubles if t.times > 0 and request.startswith(t.only)), None)
            if found is not None:
                found.times -= 1
            return found

    def hold(self) -> None:
        """Never answer, until the server stops."""
        self._over.wait()

    # -- people -------------------------------------------------------------------------------------------------------

    @property
    def pages(self) -> list[Page]:
        """Who was called, in order."""
        with self.account.lock:
            return list(self.account.pages)

    @property
    def incidents(self) -> list[Incident]:
        with self.account.lock:
            return list(self.account.incidents.values())

    def acknowledge(self, incident: str, user: str | None = MIA) -> None:
        """A person presses the button on the phone; without one, their automation does."""
        self.account.set_status(self.account.get(incident), "acknowledged", user)

    def resolve(self, incident: str, user: str | None = MIA) -> None:
        """As `acknowledge`. Without a person: the service's own timeout has run out."""
        self.account.set_status(self.account.get(incident), "resolved", user)

    def reopen(self, incident: str, user: str = MIA) -> None:
        """A person says that it was not over."""
        known = self.account.get(incident)
        known.status = "triggered"
        self.webhooks.tell("incident.reopened", known, user)

    def trigger(self, title: str, urgency: str = "high") -> Incident:
        """Somebody else's incident on the same service."""
        wanted: dict[str, Any] = {
            "type": "incident", "title": title, "urgency": urgency,
            "service": {"id": SERVICE, "type": "service_reference"},
        }  # fmt: skip
        return self.account.create(wanted, MIA)


def _handler(server: PagerDutyServer) -> type[BaseHTTPRequestHandler]:
    class Handler(Answering):
        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = f"{self.command} {urlsplit(self.path).path}"
            server.asked.append(request)
            trouble = server.trouble(request)
            if trouble is None:
                self._write(*answer(server.account, self.command, self.path, self.headers, body), {})
                return
            if trouble.done:
                answer(server.account, self.command, self.path, self.headers, body)
            self._fail(trouble)

        def _fail(self, trouble: Trouble) -> None:
            if trouble.hang:
                server.hold()
                return
            headers = {} if trouble.wait_s is None else {"ratelimit-reset": str(trouble.wait_s)}
            self._write(trouble.status, {"error": {"message": "Trouble on demand", "code": trouble.code}}, headers)

        def _write(self, status: int, answered: dict[str, Any], headers: dict[str, str]) -> None:
            self.write(status, json.dumps(answered), {"Content-Type": "application/json", **headers})

        do_GET = do_POST = do_PUT = do_DELETE = _reply  # noqa: N815 - the standard library calls them so

    return Handler
