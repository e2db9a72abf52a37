"""What an alert from outside may not do: hold a workflow up, blow up its payloads, or reach another server."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from domain.anomaly import Anomaly
from domain.services import Database, Service, ServiceMap
from domain.verification import watch_of_rule
from starter.untrusted import safe_labels, web_link

NOW = datetime(2026, 1, 31, 3, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("x>" + "1" * 1_960 + "x", id="a long run of digits that matches nothing"),
        pytest.param(f"rate(x[{'9' * 400}s]) > 0.05", id="a window that no number can hold"),
        pytest.param("rate(x[9000y]) > 1", id="a window of nine thousand years"),
        pytest.param("rate(x[30d]) > 1", id="a window that nobody would wait for"),
    ],
)
def test_a_rule_that_nobody_can_wait_for_is_watched_by_its_alert(expression: str) -> None:
    """None: the alert itself is asked whether it still fires."""
    assert watch_of_rule("s", expression, {}, None) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("starts_at", "0001-01-01T00:00:00Z"),
        ("seen_at", "9999-12-31T00:00:00Z"),
        ("service", "x" * 3_000),
        ("labels", {str(n): "x" for n in range(100)}),
    ],
)
def test_an_anomaly_that_no_workflow_could_carry_is_refused_by_its_field(field: str, value: object) -> None:
    given = {
        "source": "s", "fingerprint": "f", "name": "n", "service": "orders", "title": "t", "starts_at": NOW,
        "seen_at": NOW, field: value,
    }  # fmt: skip
    with pytest.raises(ValidationError) as refused:
        Anomaly.model_validate(given)
    assert [error["loc"] for error in refused.value.errors()] == [(field,)]


def test_fat_labels_are_left_out_before_they_fill_a_payload() -> None:
    kept = safe_labels({f"label{n}": "漢" * 300 for n in range(38)}, 64, 200, 1_000)
    assert sum(len(f"{name}{value}".encode()) for name, value in kept.items()) <= 4_000


def test_a_link_is_measured_in_bytes() -> None:
    assert web_link("https://x.example/" + "漢" * 600, 2_000) is not None
    assert web_link("https://x.example/" + "漢" * 700, 2_000) is None


def test_one_target_name_for_two_servers_is_refused() -> None:
    """A plan names `database/app`: it must not be able to mean the healthy server."""
    ours, theirs = (Database(name="app", application="a", watch=w, remedy=w) for w in ("orders", "billing"))
    with pytest.raises(ValidationError, match="listed twice with different connections"):
        ServiceMap(
            services=(Service(name="orders", databases=(ours,)), Service(name="billing", databases=(theirs,))),
            expressions=(),
        )
