"""Sessions and locks of a real PostgreSQL, as the `watch` role sees them."""

import re
import threading

import psycopg
import pytest
from pydantic import SecretStr

from domain.services import Database
from integrations.ports import DatabaseState, Rejected
from integrations.postgres.sessions import PostgresSessions
from tests.adapters.under_care import APP, LIMIT, REPORT, REPORTING, SERVICE, WATCH, UnderCare, wait_until


def test_a_full_database_can_still_be_seen(care: UnderCare) -> None:
    """Its own connections are all taken, and it says so: who holds how many, in which state, against which limit."""
    care.sessions(LIMIT)
    with pytest.raises(psycopg.OperationalError, match="too many connections"):
        care.session()
    state = care.source.state(care.database)
    assert (state.database, state.used, state.limit) == (care.name, LIMIT, LIMIT)
    (group,) = state.groups
    assert (group.role, group.application, group.state, group.count) == (REPORTING, REPORT, "idle", LIMIT)
    assert group.oldest_s >= 0
    assert state.blocked == ()


def test_sessions_are_told_apart_by_role_application_and_state(care: UnderCare) -> None:
    care.session()
    care.session(SERVICE, APP).execute("BEGIN")
    care.session(SERVICE, APP)
    state = care.source.state(care.database)
    assert {(g.role, g.application, g.state, g.count) for g in state.groups} == {
        (REPORTING, REPORT, "idle", 1),
        (APP, SERVICE, "idle in transaction", 1),
        (APP, SERVICE, "idle", 1),
    }


def test_a_database_without_a_limit_has_what_others_leave_of_the_servers(care: UnderCare) -> None:
    """Roles without reserved connections get max_connections less the reserved ones, shared by all databases."""
    admin = care.admin()
    admin.execute(f"ALTER DATABASE {care.name} CONNECTION LIMIT -1".encode())
    care.sessions(2)
    row = admin.execute(
        "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        " - current_setting('reserved_connections')::int - (SELECT count(*) FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND datname IS DISTINCT FROM %s)",
        [care.name],
    ).fetchone()
    state = care.source.state(care.database)
    assert state.used == 2
    assert row == (state.limit,)


def _start(care: UnderCare, session: psycopg.Connection, statement: str) -> None:
    """Run a statement that waits, on a thread that ends with the test."""
    thread = threading.Thread(target=session.execute, args=(statement,))
    thread.start()
    care.stack.callback(thread.join)


def _waiting_state(care: UnderCare, statement: str, waiting: int = 1) -> DatabaseState:
    """The state when another session of the service waits for what `statement` asks."""
    _start(care, care.session(SERVICE, APP), statement)
    wait_until(lambda: len(care.source.state(care.database).blocked) == waiting, f"{waiting} sessions wait")
    return care.source.state(care.database)


def test_a_session_that_waits_is_shown_with_the_one_that_holds_the_table(care: UnderCare) -> None:
    holder = care.session("schema-migration", APP)
    holder.execute("CREATE TABLE orders (id int)")
    holder.execute("BEGIN")
    holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
    care.stack.callback(holder.close)
    state = _waiting_state(care, "SELECT * FROM orders")
    holder.execute("COMMIT")
    (blocked,) = state.blocked
    assert (blocked.application, blocked.relation) == (SERVICE, "orders")
    assert (blocked.blocker_pid, blocked.blocker_role) == (holder.info.backend_pid, APP)
    assert (blocked.blocker_application, blocked.blocker_state) == ("schema-migration", "idle in transaction")
    assert blocked.blocker_age_s >= blocked.wait_s > 0


def test_a_table_that_the_role_may_not_name_has_its_object_id(care: UnderCare) -> None:
    """Only the database itself knows names, and it need not let the watching role in."""
    holder = care.session("schema-migration", APP)
    holder.execute("CREATE TABLE orders (id int)")
    row = holder.execute("SELECT 'orders'::regclass::oid").fetchone()
    assert row is not None
    care.admin().execute(f"REVOKE CONNECT ON DATABASE {care.name} FROM PUBLIC".encode())
    holder.execute("BEGIN")
    holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
    state = _waiting_state(care, "SELECT * FROM orders")
    holder.execute("COMMIT")
    assert [b.relation for b in state.blocked] == [f"relation {row[0]}"]


def test_a_lock_on_no_table_is_named_by_its_kind(care: UnderCare) -> None:
    holder = care.session("batch", APP)
    holder.execute("SELECT pg_advisory_lock(7)")
    state = _waiting_state(care, "SELECT pg_advisory_lock(7)")
    holder.execute("SELECT pg_advisory_unlock(7)")
    (blocked,) = state.blocked
    assert (blocked.relation, blocked.blocker_state) == ("advisory", "idle")


def test_a_session_that_waits_behind_waiters_is_shown_with_one_that_does_not_wait(care: UnderCare) -> None:
    """People look for the root of a queue; the others in it only wait themselves, however old they are."""
    older, holder = care.session(SERVICE, APP), care.session("schema-migration", APP)
    holder.execute("CREATE TABLE orders (id int)")
    older.execute("BEGIN")
    holder.execute("BEGIN")
    holder.execute("LOCK TABLE orders IN ACCESS SHARE MODE")
    _start(care, older, "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
    wait_until(lambda: len(care.source.state(care.database).blocked) == 1, "the older session waits")
    state = _waiting_state(care, "DROP TABLE orders", waiting=2)
    holder.execute("COMMIT")
    wait_until(lambda: older.info.transaction_status.name == "INTRANS", "the older session has the table")
    older.execute("COMMIT")
    assert [b.blocker_pid for b in state.blocked] == [holder.info.backend_pid] * 2


def test_the_statement_can_be_repeated_by_a_person(care: UnderCare) -> None:
    """It runs as it stands once psql has put the database's name in, and shows the same numbers."""
    care.sessions(3)
    statements = re.sub(r":'database'", f"'{care.name}'", care.source.query_text()).split(";")
    with care.server.connect("postgres", WATCH) as connection:
        groups = connection.execute(statements[1].encode()).fetchall()
        connection.execute(statements[2].encode())
    assert [group[:4] for group in groups] == [(REPORTING, REPORT, "idle", 3)]


def test_a_role_that_cannot_see_others_is_refused_instead_of_seeing_an_empty_database(care: UnderCare) -> None:
    care.sessions(2)
    database = care.database.model_copy(update={"watch": "reporting"})
    with pytest.raises(
        Rejected, match="'care_reporting' cannot see the sessions of others: grant it pg_read_all_stats"
    ):
        care.source.state(database)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "nowhere"}, "the server has no database 'nowhere'"),
        ({"watch": "absent"}, "connection 'absent' is not configured: set NIGHTSHIFT_CONNECTION_ABSENT"),
    ],
)
def test_a_mistake_in_the_catalogue_is_named(care: UnderCare, changed: dict[str, str], words: str) -> None:
    with pytest.raises(Rejected, match=words):
        care.source.state(care.database.model_copy(update=changed))


def test_the_source_can_be_made_before_its_server_runs() -> None:
    """Workers start without asking the systems under care."""
    source = PostgresSessions({"watch": SecretStr("host=127.0.0.1 port=1 user=x")})
    assert "pg_stat_activity" in source.query_text()
    assert Database(name="orders", application="a", watch="watch").remedy is None
