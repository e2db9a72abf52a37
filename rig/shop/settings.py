"""What a shop service is told at start: one environment variable per field, with the prefix SHOP_."""

import hashlib
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from rig.shop.releases import STABLE


class ServiceSettings(BaseSettings):
    """What every service needs. Addresses that are absent switch the shipping of logs or traces off."""

    model_config = SettingsConfigDict(env_prefix="SHOP_", frozen=True)

    port: int
    log_file: Path
    elasticsearch_url: str | None = None
    otlp_url: str | None = None

    @property
    def version(self) -> str:
        """The release that runs."""
        return STABLE

    @property
    def digest(self) -> str:
        """Changes when a setting does; the release is none. Eight letters of it say nothing of a password."""
        said = sorted((name, _plain(value)) for name, value in self if name != "release")
        return hashlib.sha256(repr(said).encode()).hexdigest()[:8]


class GatewaySettings(ServiceSettings):
    """The gateway also needs to know its two neighbours."""

    orders_url: str
    catalogue_url: str


class OrdersSettings(ServiceSettings):
    """Orders also needs its database: a libpq connection string, which may hold a password.

    `release` says which release of the program runs. `memory_bytes` is the most that it may have for its data, as
    `ulimit -d` sets it; None: no limit.
    """

    database: SecretStr
    release: str = STABLE
    memory_bytes: int | None = None

    @property
    def version(self) -> str:
        """The release that runs."""
        return self.release


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
