"""Alembic's entry: all migrations in one transaction, under a lock, in a schema of our own."""

from alembic import context
from sqlalchemy import Connection

# Any number will do, as long as nothing else in this database takes the same one.
_LOCK = 7_305_220_131


def _run(connection: Connection) -> None:
    context.configure(connection=connection, version_table_schema="nightshift")
    with context.begin_transaction():
        # The lock ends with the transaction, so a starter that crashes here blocks nobody.
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS nightshift")
        context.run_migrations()


_run(context.config.attributes["connection"])
