"""Audit log, evidence and postmortems: the real stores and their stand-ins keep the same contracts."""

import hashlib
from typing import LiteralString

import psycopg
import pytest

from domain.audit import AuditRow
from domain.finding import EvidenceRef
from integrations.ports import AuditLog, EvidenceStore, PostmortemStore, Rejected
from integrations.store.audit import PostgresAudit
from integrations.store.evidence import PostgresEvidence
from integrations.store.pool import Pool
from integrations.store.postmortems import PostgresPostmortems
from tests.fakes import FakeAudit, FakeEvidence, FakePostmortems
from tests.incidents import NOON, minutes

BOTH = ["postgres", "fake"]
INCIDENT = "INC-20260131-000001"


def _pool(request: pytest.FixtureRequest) -> Pool:
    return request.getfixturevalue("store_pool")


@pytest.fixture(params=BOTH)
def audit(request: pytest.FixtureRequest) -> AuditLog:
    return FakeAudit() if request.param == "fake" else PostgresAudit(_pool(request))


@pytest.fixture(params=BOTH)
def evidence(request: pytest.FixtureRequest) -> EvidenceStore:
    return FakeEvidence() if request.param == "fake" else PostgresEvidence(_pool(request))


@pytest.fixture(params=BOTH)
def postmortems(request: pytest.FixtureRequest) -> PostmortemStore:
    return FakePostmortems() if request.param == "fake" else PostgresPostmortems(_pool(request))


def _row(key: str = "1", at: float = 0, **changes: object) -> AuditRow:
    facts: dict[str, object] = {
        "key": key, "incident": INCIDENT, "at": NOON + minutes(at), "actor": "remediation", "door": "workflow",
        "action": "KILL_CONNECTIONS", "target": "database/orders", "before": {"sessions": 19, "share": 0.5},
        "after": {"sessions": 1}, "result": "ended 18 sessions", "affected": 18, "digest": "abc",
    }  # fmt: skip
    return AuditRow.model_validate({**facts, **changes})


def test_rows_come_back_by_time_and_whole(audit: AuditLog) -> None:
    rows = [_row("a", 0), _row("b", 1), _row("c", 1)]
    for row in (rows[1], rows[2], rows[0]):
        audit.append(row)
    audit.append(_row("d", incident="INC-20260131-000002"))
    assert audit.rows(INCIDENT) == rows


def test_the_same_key_again_adds_nothing_and_changes_nothing(audit: AuditLog) -> None:
    audit.append(_row(result="first"))
    audit.append(_row(result="second"))
    assert [r.result for r in audit.rows(INCIDENT)] == ["first"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE nightshift.audit SET incident = 'x'",
        "DELETE FROM nightshift.audit",
        "TRUNCATE nightshift.audit",
        "MERGE INTO nightshift.audit a USING nightshift.audit b ON a.key = b.key WHEN MATCHED THEN DELETE",
    ],
)
def test_the_database_refuses_to_change_the_log_even_for_its_owner(
    store_pool: Pool, store_address: str, statement: LiteralString
) -> None:
    log = PostgresAudit(store_pool)
    log.append(_row())
    with (
        psycopg.connect(store_address) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="audit is append-only"),
    ):
        connection.execute(statement)
    assert log.rows(INCIDENT) == [_row()]


def test_a_refused_statement_is_rejected_in_the_databases_words(store_pool: Pool) -> None:
    with pytest.raises(Rejected, match="append-only"), store_pool.transaction() as connection:
        connection.execute("DELETE FROM nightshift.audit")


def test_evidence_comes_back_by_its_hash(evidence: EvidenceStore) -> None:
    content = bytes(range(256)) * 4
    ref = evidence.put(content, "1,024 bytes")
    assert (ref.sha256, ref.size, ref.summary) == (hashlib.sha256(content).hexdigest(), 1024, "1,024 bytes")
    assert evidence.get(ref) == content


def test_the_same_content_is_one_piece(evidence: EvidenceStore) -> None:
    assert evidence.put(b"same", "first").uri == evidence.put(b"same", "second").uri


def test_evidence_that_is_not_there_is_rejected(evidence: EvidenceStore) -> None:
    ref = EvidenceRef(uri="evidence:00", sha256="00", size=1, summary="")
    with pytest.raises(Rejected, match="not in the store"):
        evidence.get(ref)


def test_evidence_that_was_changed_in_the_database_is_noticed(store_pool: Pool) -> None:
    store = PostgresEvidence(store_pool)
    ref = store.put(b"as it was", "")
    with store_pool.transaction() as connection:
        connection.execute("UPDATE nightshift.evidence SET content = 'as somebody wishes'")
    with pytest.raises(Rejected, match="does not have that hash"):
        store.get(ref)


def test_evidence_over_the_limit_is_rejected_with_both_numbers(store_pool: Pool) -> None:
    with pytest.raises(Rejected, match="11 bytes are more than the limit of 10"):
        PostgresEvidence(store_pool, largest=10).put(b"x" * 11, "")


def test_a_postmortem_is_replaced_by_its_newer_self(postmortems: PostmortemStore) -> None:
    assert postmortems.get(INCIDENT) is None
    postmortems.save(INCIDENT, "# draft", {"sla": {"met": None}})
    postmortems.save(INCIDENT, "# final", {"sla": {"met": True}, "pages": 2, "shares": [0.5]})
    assert postmortems.get(INCIDENT) == ("# final", {"sla": {"met": True}, "pages": 2, "shares": [0.5]})
