"""Orders in PostgreSQL: one short connection per piece of work, bounded in number, and a span for each."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any, LiteralString

from opentelemetry import trace
from opentelemetry.trace import SpanKind
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg_pool import AsyncNullConnectionPool
from pydantic import BaseModel

# The database allows 12 sessions (see database.py); the service keeps to 10 and leaves two to its owner.
MAX_CONNECTIONS = 10
_CONNECTION_WAIT_SECONDS = 1.5
_STATEMENT_MS = 1200
_CONNECT_SECONDS = 2
_LISTED = 20
_tracer = trace.get_tracer("rig.shop")


class NewOrder(BaseModel):
    """What a customer asks for; the price is in cents."""

    customer_id: int
    product_id: int
    quantity: int
    price_cents: int


class Order(NewOrder):
    """An order as it is stored."""

    order_id: int


Connections = AsyncNullConnectionPool[AsyncConnection[tuple[Any, ...]]]


def connections(conninfo: str) -> Connections:
    """A bounded set of connections that keeps none open between requests.

    A service that holds on to its connections hides an exhausted database until they expire; with a
    connection per piece of work it fails with the database and recovers with it, at once.
    """
    return AsyncNullConnectionPool(
        conninfo,
        max_size=MAX_CONNECTIONS,
        timeout=_CONNECTION_WAIT_SECONDS,
        open=False,
        name="orders",
        kwargs={
            "application_name": "orders",
            "autocommit": True,
            "connect_timeout": _CONNECT_SECONDS,
            "options": f"-c statement_timeout={_STATEMENT_MS}",
        },
    )


class OrderStore:
    """Reads and writes orders. Every method raises psycopg.OperationalError when the database cannot serve:
    PoolTimeout for no free connection, QueryCanceled for a statement that ran into its timeout."""

    def __init__(self, pool: Connections) -> None:
        self._pool = pool

    async def of_customer(self, customer_id: int) -> list[Order]:
        """The newest orders of a customer, at most 20."""
        statement = (
            "SELECT order_id, customer_id, product_id, quantity, price_cents FROM orders "
            "WHERE customer_id = %s ORDER BY order_id DESC LIMIT %s"
        )
        return await self._read(statement, (customer_id, _LISTED))

    async def newest(self, limit: int) -> list[Order]:
        """The newest orders of all customers."""
        statement = (
            "SELECT order_id, customer_id, product_id, quantity, price_cents FROM orders "
            "ORDER BY order_id DESC LIMIT %s"
        )
        return await self._read(statement, (limit,))

    async def _read(self, statement: LiteralString, values: tuple[int, ...]) -> list[Order]:
        async with (
            self._span("SELECT orders", statement) as connection,
            connection.cursor(row_factory=class_row(Order)) as cursor,
        ):
            await cursor.execute(statement, values)
            return await cursor.fetchall()

    async def add(self, order: NewOrder) -> int:
        """Store an order and return its number."""
        statement = (
            "INSERT INTO orders (customer_id, product_id, quantity, price_cents) "
            "VALUES (%(customer_id)s, %(product_id)s, %(quantity)s, %(price_cents)s) RETURNING order_id"
        )
        async with self._span("INSERT orders", statement) as connection:
            row = await (await connection.execute(statement, order.model_dump())).fetchone()
        if row is None:
            raise RuntimeError(f"INSERT into orders returned no row for {order!r}")
        return int(row[0])

    @asynccontextmanager
    async def _span(self, name: str, statement: str) -> AsyncGenerator[AsyncConnection[tuple[Any, ...]]]:
        attributes = {
            "db.system.name": "postgresql",
            "db.namespace": "orders",
            "db.query.text": statement,
            "peer.service": "orders-db",
        }
        with _tracer.start_as_current_span(name, kind=SpanKind.CLIENT, attributes=attributes):
            async with self._pool.connection() as connection:
                yield connection


class PoolCollector(Collector):
    """The connection pool's own counts, read at each scrape."""

    def __init__(self, pool: Connections) -> None:
        self._pool = pool

    def collect(self) -> Iterable[Metric]:
        """Connections in use, their maximum, requests that wait for one, and failures to connect."""
        stats = self._pool.get_stats()
        yield GaugeMetricFamily("db_pool_connections", "Connections open now.", value=stats.get("pool_size", 0))
        yield GaugeMetricFamily("db_pool_max_connections", "Most connections allowed.", value=self._pool.max_size)
        yield GaugeMetricFamily(
            "db_pool_requests_waiting",
            "Requests that wait for a connection.",
            value=stats.get("requests_waiting", 0),
        )
        yield CounterMetricFamily(
            "db_pool_connection_errors", "Failed connects.", value=stats.get("connections_errors", 0)
        )
