"""Nightshift's own PostgreSQL. Nothing connects here: it is connected to when it is first asked."""

from dataclasses import dataclass
from functools import cached_property

from pydantic import SecretStr

from config.errors import ConfigError
from config.settings import Settings
from integrations.embeddings import HashingEmbedder
from integrations.store.audit import PostgresAudit
from integrations.store.evidence import PostgresEvidence
from integrations.store.feedback import PostgresFeedback
from integrations.store.filters import PostgresFilters
from integrations.store.forecasts import PostgresForecasts
from integrations.store.forests import PostgresForests
from integrations.store.guard import PostgresGuard
from integrations.store.incidents import PostgresIncidents
from integrations.store.maintenance import PostgresMaintenance
from integrations.store.memory import PostgresMemory
from integrations.store.model_calls import PostgresModelCalls
from integrations.store.pool import Pool
from integrations.store.postmortems import PostgresPostmortems
from integrations.store.series import PostgresSeries
from integrations.store.shards import PostgresShards
from integrations.store.thresholds import PostgresThresholds


@dataclass(frozen=True)
class Store:
    """All that is kept in Nightshift's own Postgres, over one pool."""

    pool: Pool

    @cached_property
    def incidents(self) -> PostgresIncidents:
        return PostgresIncidents(self.pool)

    @cached_property
    def audit(self) -> PostgresAudit:
        return PostgresAudit(self.pool)

    @cached_property
    def guard(self) -> PostgresGuard:
        return PostgresGuard(self.pool)

    @cached_property
    def memory(self) -> PostgresMemory:
        return PostgresMemory(self.pool, HashingEmbedder())

    @cached_property
    def evidence(self) -> PostgresEvidence:
        return PostgresEvidence(self.pool)

    @cached_property
    def feedback(self) -> PostgresFeedback:
        return PostgresFeedback(self.pool)

    @cached_property
    def filters(self) -> PostgresFilters:
        return PostgresFilters(self.pool)

    @cached_property
    def maintenance(self) -> PostgresMaintenance:
        return PostgresMaintenance(self.pool)

    @cached_property
    def postmortems(self) -> PostgresPostmortems:
        return PostgresPostmortems(self.pool)

    @cached_property
    def model_calls(self) -> PostgresModelCalls:
        return PostgresModelCalls(self.pool)

    @cached_property
    def forecasts(self) -> PostgresForecasts:
        return PostgresForecasts(self.pool)

    @cached_property
    def thresholds(self) -> PostgresThresholds:
        return PostgresThresholds(self.pool)

    @cached_property
    def forests(self) -> PostgresForests:
        return PostgresForests(self.pool)

    @cached_property
    def shards(self) -> PostgresShards:
        return PostgresShards(self.pool)

    @cached_property
    def series(self) -> PostgresSeries:
        return PostgresSeries(self.pool)


def store_address(settings: Settings) -> SecretStr:
    """Where the store is. Raises ConfigError when DATABASE_URL is not set."""
    if settings.database_url is None:
        raise ConfigError("DATABASE_URL: is not set; name the PostgreSQL database that Nightshift keeps its records in")
    return settings.database_url


def own_store(settings: Settings) -> Store:
    """The store. Raises ConfigError when DATABASE_URL is not set: without it there is no memory and no audit log."""
    return Store(Pool(store_address(settings)))
