"""Brings the schema up to date. Any number of processes may start at once: one migrates, the others wait for it."""

from pathlib import Path
from threading import Lock
from typing import Any

import psycopg
from pydantic import SecretStr

from integrations.store.errors import checked, translate, translated
from integrations.store.pool import CONNECT_TIMEOUT_S

_MIGRATIONS = Path(__file__).parent / "migrations"
# Alembic keeps its context in a global: two threads of one process would each run on the other's connection.
_one_at_a_time = Lock()


def migrate(dsn: SecretStr) -> None:
    """Apply every migration that is missing, all or none. Raises PortError: the store is down, or refuses.

    The role needs the right to create a schema in the database and, where it is not there yet, the extension.
    """
    # Alembic brings SQLAlchemy, which nothing else needs: both load only here.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy import create_engine  # noqa: PLC0415
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    address = checked(dsn)
    # Our own connection, because SQLAlchemy reads addresses in another way than libpq does.
    engine = create_engine("postgresql+psycopg://", creator=lambda: _connect(address), poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    try:
        with translated(), _one_at_a_time, engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.Error):
            raise translate(error.orig) from error
        raise


def versions(dsn: SecretStr) -> tuple[str | None, str | None]:
    """The version that the schema has (None: no schema yet), and the one that this build wants. Raises PortError."""
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    wanted = ScriptDirectory.from_config(config).get_current_head()
    with translated(), _connect(checked(dsn)) as connection:
        known = connection.execute("SELECT to_regclass('nightshift.alembic_version') IS NOT NULL").fetchone()
        if known is None or not known[0]:
            return None, wanted
        row = connection.execute("SELECT version_num FROM nightshift.alembic_version").fetchone()
    return (str(row[0]) if row else None), wanted


def _connect(dsn: SecretStr) -> psycopg.Connection[Any]:
    """A session without a time limit: it may have to wait for another starter's migration."""
    return psycopg.connect(
        dsn.get_secret_value(), connect_timeout=CONNECT_TIMEOUT_S, application_name="nightshift migrations"
    )
