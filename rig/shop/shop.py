"""The shop as one object: its database is set up, its three services run as processes of their own."""

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from rig.servers.ports import LOOPBACK, free_port
from rig.servers.process import Command, ManagedProcess, answers_http
from rig.servers.prometheus import ScrapeJob
from rig.servers.server import Server
from rig.shop.database import CONNECTION_LIMIT, ShopDatabase, set_up_database
from rig.shop.link import Link
from rig.shop.monitoring import scrape_job
from rig.shop.routes import CATALOGUE, GATEWAY, ORDERS

ORDERS_MEMORY_BYTES = 256 * 1024 * 1024
"""Three times what orders needs."""
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0


class Shop(Server):
    """Gateway, orders and catalogue on loopback ports of their own, and the database `orders`.

    `admin_conninfo` is a PostgreSQL superuser's. Without `elasticsearch_url` logs go to files only, without
    `otlp_url` (such as http://127.0.0.1:4318/v1/traces) traces go nowhere. Logs lie in `folder`.
    """

    def __init__(
        self,
        folder: Path,
        admin_conninfo: str,
        *,
        elasticsearch_url: str | None = None,
        otlp_url: str | None = None,
        connection_limit: int = CONNECTION_LIMIT,
    ) -> None:
        self._folder = folder
        self._admin_conninfo = admin_conninfo
        self._connection_limit = connection_limit
        addresses = {"SHOP_ELASTICSEARCH_URL": elasticsearch_url, "SHOP_OTLP_URL": otlp_url}
        self.shipping = {name: value for name, value in addresses.items() if value is not None} | {"NO_PROXY": LOOPBACK}
        self._ports = {service: free_port() for service in (CATALOGUE, ORDERS, GATEWAY)}
        self._database: ShopDatabase | None = None
        self._processes: dict[str, ManagedProcess] = {}
        self._running = ExitStack()
        self.link: Link | None = None
        """The network between gateway and orders, where somebody put one there before `start`."""

    @property
    def database(self) -> ShopDatabase:
        """The database's roles; RuntimeError before `start`."""
        if self._database is None:
            raise RuntimeError("the shop's database is set up by start()")
        return self._database

    @property
    def gateway_url(self) -> str:
        """Where customers come in."""
        return self.url(GATEWAY)

    @property
    def scrape_jobs(self) -> tuple[ScrapeJob, ...]:
        """What Prometheus scrapes; known before `start`."""
        return tuple(scrape_job(name, f"{LOOPBACK}:{port}") for name, port in self._ports.items())

    def url(self, service: str) -> str:
        """The address of one service."""
        return f"http://{LOOPBACK}:{self._ports[service]}"

    def port(self, service: str) -> int:
        """The port of one service, the same for as long as the shop is."""
        return self._ports[service]

    def log_file(self, service: str) -> Path:
        """The JSON log of one service."""
        return self._folder / f"{service}.json"

    def start(self) -> None:
        """Set the database up and start all three; returns when they answer.

        Raises ServerFailedError, or psycopg.Error when the database server refuses.
        """
        self.set_up_database()
        if self.link is not None:
            self._running.enter_context(self.link)
        self.start_services(self.settings())

    def set_up_database(self) -> None:
        """Make the database and new passwords. Raises psycopg.Error when the database server refuses."""
        self._database = set_up_database(self._admin_conninfo, self._connection_limit)

    def settings(self) -> Mapping[str, Mapping[str, str]]:
        """What each service is told beside what all are told; RuntimeError before there is a database."""
        return {
            CATALOGUE: {},
            ORDERS: {
                "SHOP_DATABASE": self.database.app.get_secret_value(),
                "SHOP_MEMORY_BYTES": str(ORDERS_MEMORY_BYTES),
            },
            GATEWAY: {
                "SHOP_ORDERS_URL": self.url(ORDERS) if self.link is None else self.link.url,
                "SHOP_CATALOGUE_URL": self.url(CATALOGUE),
            },
        }

    def start_services(self, settings: Mapping[str, Mapping[str, str]]) -> None:
        """Start these services as processes of their own; returns when they answer."""
        processes = {name: ManagedProcess(self._command(name, own)) for name, own in settings.items()}
        self._processes |= processes
        for process in processes.values():
            self._running.callback(process.stop)
            process.start()
        for name, process in processes.items():
            process.wait_ready(answers_http(f"{self.url(name)}/health"), _START_SECONDS)

    def restart(self, service: str, **changed: str) -> None:
        """Stop a service and start it with its settings, of which some are `changed`; returns when it answers.

        Raises ServerFailedError when it does not.
        """
        self._processes[service].stop()
        self.start_services({service: {**self.settings()[service], **changed}})

    def process_id(self, service: str) -> int:
        """Of a service that runs as a process of its own."""
        return self._processes[service].pid

    def stop(self) -> None:
        """Stop the services; the database stays."""
        self._running.close()

    def _command(self, service: str, settings: Mapping[str, str]) -> Command:
        return Command(
            f"shop {service}",
            [sys.executable, "-m", f"rig.shop.{service}"],
            self._folder / f"{service}.out",
            env={
                **self.shipping,
                **settings,
                "SHOP_PORT": str(self._ports[service]),
                "SHOP_LOG_FILE": str(self.log_file(service).absolute()),
            },
            grace=_STOP_SECONDS,
        )
