"""KILL_CONNECTIONS refuses what the configuration, the server's roles or the plan do not allow, and says why."""

import re
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from domain.services import ServiceMap
from integrations.ports import PortError, Rejected, Unavailable
from integrations.postgres.kill_connections import KillConnections
from tests.adapters.under_care import (
    APP,
    REPORTING,
    SERVICE,
    UnderCare,
    alive,
    intent_of,
    plan_for,
)  # fmt: skip


@pytest.fixture
def special_roles(care: UnderCare) -> None:
    """Roles whose sessions are never ended."""
    for role in ("care_replica", "care_reserved", "care_super"):
        care.server.create_role(role)
    care.admin().execute("ALTER ROLE care_super SUPERUSER NOREPLICATION")
    care.admin().execute("ALTER ROLE care_replica REPLICATION")
    care.admin().execute("GRANT pg_use_reserved_connections TO care_reserved")


OTHER_DATABASE = "is not a database that may be acted on through"
REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"role": "postgres"}, "'postgres' is a superuser or replication role"),
    ({"role": "care_super"}, "'care_super' is a superuser or replication role"),
    ({"role": "care_replica"}, "'care_replica' is a superuser or replication role"),
    ({"role": "care_reserved"}, "'care_reserved' has reserved connections"),
    ({"role": "nobody"}, "role 'nobody' does not exist"),
    ({"application": SERVICE}, "'orders-app' is a service that uses 'database/care_"),
    ({"application": "nightshift"}, "'nightshift' is Nightshift itself"),
    ({"application": ""}, "application = '': String should have at least 1 character"),
    ({"idle_age_s": 0}, "idle_age_s = 0: Input should be greater than or equal to 1"),
    ({"cap": 501}, "cap = 501: Input should be less than or equal to 500"),
    ({"remedy": "superuser"}, f"{OTHER_DATABASE} 'superuser'"),
    ({"database": "postgres"}, f"{OTHER_DATABASE} 'remedy'"),
    ({"states": "active"}, "states = 'active': Extra inputs are not permitted"),
]


@pytest.mark.usefixtures("special_roles")
@pytest.mark.parametrize(("parameters", "words"), REFUSALS)
def test_precheck_and_execute_refuse_alike(care: UnderCare, parameters: dict[str, Any], words: str) -> None:
    """Nobody can get around the precheck by not asking it."""
    plan = plan_for(care, **parameters)
    reason = care.remediator.precheck(plan)
    assert reason is not None
    assert re.search(re.escape(words), reason)
    intent = care.remediator.intend(plan_for(care)).model_copy(update={"digest": plan.digest})
    with pytest.raises(Rejected, match=re.escape(words)):
        care.remediator.execute(plan, intent)


def test_precheck_says_when_nothing_matches(care: UnderCare) -> None:
    reason = care.remediator.precheck(plan_for(care))
    assert reason is not None
    assert reason.startswith("no session of application 'nightly-report' (role 'care_reporting') in 'care_")
    assert reason.endswith("has been idle for 1 s")


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (APP, "role 'care_app' may not end sessions of 'care_reporting': grant it pg_signal_backend"),
        ("care_signals_only", "role 'care_signals_only' cannot see the sessions of others: grant it pg_read_all_stats"),
    ],
)
def test_a_connection_without_the_rights_is_named_with_the_grant_that_it_lacks(
    care: UnderCare, role: str, words: str
) -> None:
    care.server.create_role("care_signals_only")
    care.admin().execute("GRANT pg_signal_backend TO care_signals_only")
    held = care.session()
    intent = intent_of(care, plan_for(care), 1)
    weak = KillConnections({"remedy": SecretStr(care.server.url("postgres", role))}, care.services)
    assert weak.precheck(plan_for(care)) == words
    with pytest.raises(Rejected, match=re.escape(words)):
        weak.execute(plan_for(care), intent)
    assert alive(held)


def test_a_database_that_this_worker_does_not_know_is_refused(care: UnderCare) -> None:
    """The plan comes from history; what may be acted on is said by the worker's own catalogue."""
    stranger = KillConnections(care.connections, ServiceMap(expressions=()))
    with pytest.raises(Rejected, match=OTHER_DATABASE):
        stranger.intend(plan_for(care))


def test_an_intent_of_another_plan_is_refused(care: UnderCare) -> None:
    held = care.session()
    intent = intent_of(care, plan_for(care), 1)
    with pytest.raises(Rejected, match="the intent belongs to plan"):
        care.remediator.execute(plan_for(care, cap=7), intent)
    assert alive(held)


def test_an_intent_beyond_the_cap_is_refused(care: UnderCare) -> None:
    held = care.sessions(2)
    intent = intent_of(care, plan_for(care), 2)
    plan = plan_for(care, cap=1)
    with pytest.raises(Rejected, match="the intent names 2 sessions, the plan allows 1"):
        care.remediator.execute(plan, intent.model_copy(update={"digest": plan.digest}))
    assert all(alive(session) for session in held)


@pytest.mark.parametrize("item", ["", "12", "@", "all@2026-01-01T00:00:00+00:00", "12@today", "12@2026-01-01T00:00:00"])
def test_an_item_that_names_no_session_is_refused(care: UnderCare, item: str) -> None:
    plan = plan_for(care)
    intent = care.remediator.intend(plan).model_copy(update={"items": (item,)})
    with pytest.raises(Rejected, match=re.escape(f"intent: {item!r} does not name a session")):
        care.remediator.execute(plan, intent)


def test_a_session_of_another_application_is_spared_even_if_an_intent_names_it(care: UnderCare) -> None:
    """The statement that ends a session asks for everything again, not only for its process id."""
    own = care.session(SERVICE, APP)
    query = "SELECT pid || '@' || to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') || '+00:00'"
    row = care.admin().execute(f"{query} FROM pg_stat_activity WHERE pid = %s", [own.info.backend_pid]).fetchone()
    assert row is not None
    held = care.session()
    plan = plan_for(care)
    intent = intent_of(care, plan, 1)
    executed = care.remediator.execute(plan, intent.model_copy(update={"items": (*intent.items, row[0])}))
    assert executed.affected == 1
    assert (alive(own), alive(held)) == (True, False)


def test_a_server_that_is_down_is_worth_a_retry(care: UnderCare) -> None:
    down = KillConnections({"remedy": SecretStr("host=127.0.0.1 port=1 user=x")}, care.services)
    for call in (down.precheck, down.intend):
        with pytest.raises(Unavailable):
            call(plan_for(care))


def test_an_absent_connection_speaks_against_acting(care: UnderCare) -> None:
    absent = KillConnections({}, care.services)
    reason = absent.precheck(plan_for(care))
    assert reason == "connection 'remedy' is not configured: set NIGHTSHIFT_CONNECTION_REMEDY"
    with pytest.raises(PortError):
        absent.intend(plan_for(care))


def test_a_role_may_end_sessions_of_a_role_that_it_belongs_to(care: UnderCare) -> None:
    """pg_signal_backend is not the only way to that right: PostgreSQL lets members of a role end its sessions."""
    care.server.create_role("care_member")
    care.admin().execute(f"GRANT {REPORTING}, pg_read_all_stats TO care_member")
    held = care.session()
    intent = intent_of(care, plan_for(care), 1)
    member = KillConnections({"remedy": SecretStr(care.server.url("postgres", "care_member"))}, care.services)
    assert member.execute(plan_for(care), intent).affected == 1
    with pytest.raises(psycopg.errors.AdminShutdown):
        held.execute("SELECT 1")
