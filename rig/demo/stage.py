"""The stage: all servers, the shop under load, and the product itself, on loopback; it stops what it started."""

import secrets
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from pydantic import SecretStr
from rich.console import Console

from rig.demo.cluster import Cluster
from rig.demo.optional import OptionalServers
from rig.demo.paths import Paths
from rig.demo.people import People
from rig.demo.product import Product
from rig.demo.scenarios import Scenario
from rig.history.backfill import backfill
from rig.servers.alertmanager import AlertmanagerServer, Grouping
from rig.servers.pagerduty import PagerDutyServer
from rig.servers.ports import free_port, preferred_port
from rig.servers.postgres import PostgresServer
from rig.servers.prometheus import PrometheusServer
from rig.servers.server import Server
from rig.servers.slack import SlackServer
from rig.servers.smtp import SmtpInbox
from rig.servers.temporal import TemporalServer
from rig.shop.cluster_shop import ClusterShop
from rig.shop.load import Load
from rig.shop.monitoring import RULES_FILE
from rig.shop.shop import Shop
from workflows.search_attributes import ALL

_STARTER_PORT = 8000
_AT_ONCE = 6
# The demo waits for nobody: what Alertmanager gathers for 30 s by default goes out at once.
_GROUPING = Grouping(by=("service",), wait=1.0, interval=5.0, repeat=300.0)


class Stage:
    """Everything that runs. `start()` says on screen what it does; `stop()` ends it in reverse order. `known_ports`:
    servers are where people look for them, if nobody else is there.
    """

    def __init__(
        self, paths: Paths, console: Console, seed: int, scenario: Scenario, *, known_ports: bool = True
    ) -> None:
        self._paths = paths
        self.scenario = scenario
        self._console = console
        self._seed = seed
        self._running = ExitStack()
        run = paths.run
        self.temporal = TemporalServer(paths.kept / "temporal", search_attributes=ALL, known_ports=known_ports)
        self.postgres = PostgresServer(paths.kept / "postgres", settings={"max_connections": "200"})
        self.starter_port = preferred_port(_STARTER_PORT) if known_ports else free_port()
        self.token = SecretStr(secrets.token_urlsafe(24))
        self.inbox = SmtpInbox(run / "mail")
        self.slack = SlackServer(secrets.token_urlsafe(24))
        self.slack.interactions = f"http://127.0.0.1:{self.starter_port}/slack/interactions"
        self.pagerduty = PagerDutyServer()
        self.pagerduty.webhooks.url = f"http://127.0.0.1:{self.starter_port}/webhooks/pagerduty"
        self.people = People(run / "people.yaml")
        self.optional = OptionalServers(run, console, known_ports=known_ports)
        self.alertmanager = AlertmanagerServer(
            run / "alertmanager",
            webhook=f"http://127.0.0.1:{self.starter_port}/webhooks/prometheus",
            bearer_token=self.token,
            grouping=_GROUPING,
            known_port=known_ports,
        )
        self.prometheus = PrometheusServer(
            run / "prometheus", rules=[RULES_FILE], alertmanager=self.alertmanager.url, known_port=known_ports
        )
        self.cluster = Cluster(run) if scenario.on_cluster else None
        self.shop: Shop | None = None
        self.load: Load | None = None
        self.product: Product | None = None

    @property
    def settings(self) -> Mapping[str, str]:
        """What the product is told beside the usual, and in its place."""
        return self.cluster.settings if self.cluster is not None else {}

    def start(self) -> None:
        """Bring everything up: what needs nothing else at once, the rest when what it needs is there."""
        self._running.callback(self.optional.stop)
        with ThreadPoolExecutor(_AT_ONCE, "stage") as at_once:
            history = at_once.submit(self._write_history)
            servers = [
                at_once.submit(self._up, "PostgreSQL with pgvector", self.postgres),
                at_once.submit(self._up, f"Temporal, web UI at {self.temporal.ui_url}", self.temporal),
                at_once.submit(self._up, "a mailbox (SMTP)", self.inbox),
                at_once.submit(self._up, "a workspace that speaks Slack's Web API", self.slack),
                at_once.submit(self._up, "an account that speaks PagerDuty's REST API", self.pagerduty),
                at_once.submit(self.optional.start),
            ]
            if self.cluster is not None:
                what = f"Kubernetes at {self.cluster.kubernetes.url}"
                servers.append(at_once.submit(self._up, what, self.cluster))
            for server in servers:
                server.result()
            self._start_shop()
            monitoring = at_once.submit(self._start_monitoring, history)
            self._start_product()
            monitoring.result()

    def _start_shop(self) -> None:
        self.shop = self._make_shop()
        where = "" if self.cluster is None else "; orders on Kubernetes"
        self._up(f"the shop: gateway, orders, catalogue{where}", self.shop)
        if self.cluster is not None:
            self.cluster.give_accounts()
        self.load = Load(self.shop.gateway_url, seed=self._seed)
        self.load.start()
        self._running.callback(self.load.stop)

    def _make_shop(self) -> Shop:
        folder, database, elasticsearch = self._paths.run / "shop", self.postgres.url(), self.optional.elasticsearch_url
        otlp = self.optional.otlp_url
        if self.cluster is None:
            return Shop(folder, database, elasticsearch_url=elasticsearch, otlp_url=otlp)
        kubernetes = self.cluster.kubernetes
        return ClusterShop(folder, database, kubernetes, elasticsearch_url=elasticsearch, otlp_url=otlp)

    def _write_history(self) -> None:
        """Prometheus can be given a past only before it starts."""
        history = backfill(self.prometheus, end=time.time(), seed=self._seed)
        self._console.print(f"[yellow]synthetic[/]  {history.sentence}", highlight=False)

    def _start_monitoring(self, history: Future[None]) -> None:
        assert self.shop is not None  # noqa: S101 - the order of start()
        history.result()
        self.prometheus.jobs = list(self.shop.scrape_jobs)
        self._up(f"Alertmanager at {self.alertmanager.url}", self.alertmanager)
        self._up(f"Prometheus at {self.prometheus.url}", self.prometheus)

    def _start_product(self) -> None:
        self.people.write()
        self.product = Product(self, self._paths, self._console)
        self._running.enter_context(self.product)

    def _up(self, what: str, server: Server) -> None:
        began = time.monotonic()
        self._running.enter_context(server)
        self._console.print(f"[green]up[/]         {what} ({time.monotonic() - began:.1f} s)", highlight=False)

    def stop(self) -> None:
        """Stop everything that was started, the last one first."""
        self._running.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
