"""The SQL in the README, run as it stands: it gives the two roles what they need, and the one that looks cannot act."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from integrations.postgres.kill_connections import KillConnections
from integrations.postgres.sessions import PostgresSessions
from tests.adapters.under_care import LIMIT, UnderCare, alive, plan_for, wait_until

README = Path(__file__).resolve().parents[2] / "README.md"
ROLES = {"watch": "nightshift_watch", "remedy": "nightshift_remedy"}


@pytest.fixture
def documented(care: UnderCare) -> Iterator[Mapping[str, SecretStr]]:
    """Connections as the roles that the README makes, by name; the roles are gone after the test."""
    (statements,) = re.findall(r"```sql\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    admin = care.admin()
    for role in ROLES.values():
        admin.execute(f"DROP ROLE IF EXISTS {role}".encode())
    admin.execute(statements.encode())
    yield {name: SecretStr(care.server.url("postgres", role)) for name, role in ROLES.items()}
    for role in ROLES.values():
        admin.execute(f"DROP ROLE {role}".encode())


def test_the_documented_roles_see_and_free_a_full_database(
    care: UnderCare, documented: Mapping[str, SecretStr]
) -> None:
    held = care.sessions(LIMIT)
    assert PostgresSessions(documented).state(care.database).used == LIMIT
    remediator, plan = KillConnections(documented, care.services, read_back_s=2), plan_for(care)
    wait_until(lambda: len(remediator.intend(plan).items) == LIMIT, "all sessions may be ended")
    assert remediator.precheck(plan) is None
    assert remediator.execute(plan, remediator.intend(plan)).affected == LIMIT
    assert not any(alive(session) for session in held)


def test_the_documented_role_that_looks_cannot_end_a_session(
    care: UnderCare, documented: Mapping[str, SecretStr]
) -> None:
    session = care.session()
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
    with psycopg.connect(documented["watch"].get_secret_value()) as watch, refused:
        watch.execute("SELECT pg_terminate_backend(%s)", [session.info.backend_pid])
    assert alive(session)
