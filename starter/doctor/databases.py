"""The databases under care: may we look, and could we act? Nothing is ended, nothing is written."""

from collections.abc import Iterator, Sequence

from config.adapters import sources
from config.settings import Settings, connection_variable
from domain.services import Database, ServiceMap
from integrations.ports import DatabaseSource, Rejected
from integrations.postgres.connections import Connections
from starter.doctor.check import Check, Doubt, blocking, off

GROUP = "databases"
_LOOK_COST = "sessions and locks of it are not seen, and nothing can be fixed there"
_ACT_COST = "nothing can be fixed there"


def checks(settings: Settings, services: ServiceMap) -> Iterator[Check]:
    """Both connections of each database, and those that no service names."""
    named = [database for service in services.services for database in service.databases]
    source = sources.databases(settings)
    for database in named:
        yield _watch(source, database)
        yield _remedy(settings, database)
    used = {name for database in named for name in (database.watch, database.remedy) if name}
    loose = sorted(set(settings.connections) - used)
    if loose:
        yield _loose(loose)


def _watch(source: DatabaseSource | None, database: Database) -> Check:
    name, variable = f"look at {database.name}", connection_variable(database.watch)
    if source is None:
        return off(GROUP, name, _LOOK_COST, f"set {variable}")

    def look() -> str:
        state = source.state(database)
        return f"{state.used} of {state.limit} connections in use"

    return Check(GROUP, name, f"sessions, as {database.watch}", _LOOK_COST, f"check {variable}", blocking(look))


def _remedy(settings: Settings, database: Database) -> Check:
    name = f"act on {database.name}"
    if database.remedy is None:
        return off(GROUP, name, _ACT_COST, f"name a `remedy` connection for {database.name} in NIGHTSHIFT_SERVICES")
    connection, variable = database.remedy, connection_variable(database.remedy)

    def look() -> str:
        with Connections(settings.connections).open(connection) as opened:
            row = opened.execute(
                "SELECT pg_has_role('pg_signal_backend', 'USAGE') OR rolsuper AS may FROM pg_roles "
                "WHERE rolname = current_user"
            ).fetchone()
        if row is None or not row["may"]:
            raise Rejected(f"the role of {connection} may not end sessions: it needs pg_signal_backend")
        return "logs in, and may end sessions"

    return Check(GROUP, name, f"log in, as {connection}", _ACT_COST, f"check {variable}", blocking(look))


def _loose(names: Sequence[str]) -> Check:
    def look() -> str:
        raise Doubt(f"no service names {', '.join(names)}")

    return Check(
        GROUP, "connections", "who uses them", "they are credentials without a use",
        "name them in NIGHTSHIFT_SERVICES, or unset them", blocking(look),
    )  # fmt: skip
