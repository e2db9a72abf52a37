"""A plan survives being written and read, and its digest tells when somebody changed it on the way."""

import pytest
from pydantic import ValidationError

from domain.finding import Category
from domain.levels import Risk
from domain.plan import Action, Plan


def _plan() -> Plan:
    return Plan(
        incident="INC-20260131-7F3K2A",
        attempt=1,
        action=Action.KILL_CONNECTIONS,
        service="orders",
        category=Category.CONNECTION_POOL,
        target="database/orders",
        parameters={"idle_age_s": 300.0, "cap": 50, "role": "reporter"},
        risk=Risk.LOW,
        sentence="End idle sessions.",
        expected_effect="orders has free connections again",
        timeout_s=60,
    )


def test_a_plan_that_was_written_reads_back_the_same() -> None:
    assert Plan.model_validate_json(_plan().model_dump_json()) == _plan()


def test_a_plan_that_was_changed_on_the_way_is_refused() -> None:
    written = _plan().model_dump_json().replace('"cap":50', '"cap":500')
    with pytest.raises(ValidationError, match="does not fit this plan"):
        Plan.model_validate_json(written)
