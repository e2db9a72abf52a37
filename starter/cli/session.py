"""What a command works with: settings, the store and Temporal, closed at the end."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from temporalio.client import Client

from config.adapters.store import Store, own_store
from config.settings import Settings, load_settings
from config.temporal import connect
from starter.cli.exits import not_found
from starter.live import TemporalIncidents
from starter.reading import Reader, Shown


@dataclass(frozen=True)
class Session:
    """One run of a command. Temporal is connected at the first call."""

    settings: Settings
    temporal: Client
    store: Store
    reader: Reader

    async def incident(self, name: str) -> Shown:
        """The incident of this id or key. Raises Stop when nobody knows it, NothingAnswers when nobody can tell."""
        shown = await self.reader.one(name)
        if shown is None:
            raise not_found(name)
        return shown


@asynccontextmanager
async def session() -> AsyncGenerator[Session]:
    """A session by the settings of the environment. Raises ConfigError."""
    settings = load_settings()
    client = await connect(settings, lazy=True)
    store = own_store(settings)
    with store.pool:
        reader = Reader(TemporalIncidents(client), store.incidents, store.audit)
        yield Session(settings=settings, temporal=client, store=store, reader=reader)
