"""When a message goes out: what comes up within seconds is one message, and nobody waits for what was foreseen."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.escalation import Due, Reason, speak_at

NOW = datetime(2026, 1, 31, 3, 7, tzinfo=UTC)


def _plan(*due: tuple[Reason, float]) -> list[Due]:
    return [Due(reason=reason, at=NOW + timedelta(seconds=after)) for reason, after in due]


@pytest.mark.parametrize(
    ("plan", "after"),
    [
        pytest.param([(Reason.LOW_CONFIDENCE, 0)], 10, id="what has come up waits ten seconds for more"),
        pytest.param([(Reason.CRITICAL, 0)], 5, id="CRITICAL waits five"),
        pytest.param([(Reason.CRITICAL, 0), (Reason.LOW_CONFIDENCE, 1)], 5, id="CRITICAL takes along what it can"),
        pytest.param([(Reason.NO_PLAN, 0), (Reason.CRITICAL, 2)], 7, id="a raise goes out five seconds after it came"),
        pytest.param([(Reason.CRITICAL, -20)], 5, id="while nobody could say it, nothing has been waited for"),
        pytest.param([(Reason.APPROVAL_NEEDED, 0)], 0, id="a question is asked at once"),
        pytest.param([(Reason.CRITICAL, -2), (Reason.APPROVAL_NEEDED, 0)], 0, id="and takes along what waits"),
        pytest.param([(Reason.UNDO_FAILED, 0), (Reason.NO_PLAN, 0)], 0, id="an undo that failed is said at once"),
        pytest.param([(Reason.SLA_MISSED, 0)], 0, id="what was foreseen is said when it is due"),
        pytest.param([(Reason.SLA_MISSED, 0), (Reason.NOT_ACKNOWLEDGED, 5)], 5, id="with what is foreseen soon after"),
        pytest.param([(Reason.SLA_MISSED, 0), (Reason.NOT_ACKNOWLEDGED, 60)], 0, id="and not with what is far away"),
        pytest.param([(Reason.SLA_AT_RISK, 0), (Reason.NO_PLAN, 0)], 10, id="foreseen or not, it is one message"),
    ],
)
def test_the_moment_of_a_message(plan: list[tuple[Reason, float]], after: float) -> None:
    assert speak_at(_plan(*plan), noticed=NOW) == NOW + timedelta(seconds=after)
