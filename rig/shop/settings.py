"""What a shop service is told at start: one environment variable per field, with the prefix SHOP_."""

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


class GatewaySettings(ServiceSettings):
    """The gateway also needs to know its two neighbours."""

    orders_url: str
    catalogue_url: str


class OrdersSettings(ServiceSettings):
    """Orders also needs its database: a libpq connection string, which may hold a password.

    `release` says which release of the program runs.
    """

    database: SecretStr
    release: str = STABLE
