"""A service without processor time: what it waits for is not to blame."""

from datetime import UTC, datetime, timedelta

import pytest

from analysis.ranking import rank
from analysis.starving import FULL, UNASKED
from domain.diagnosis import Hypothesis
from domain.finding import Category, Finding, Presence, Source, Window, missing
from domain.question import Question
from domain.services import Service, ServiceMap

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
WINDOW = Window(start=NOON - timedelta(minutes=10), end=NOON)
QUESTION = Question(
    incident="INC-1", services=("orders", "stock"), onset=NOON, now=NOON,
    graph=ServiceMap(services=(Service(name="orders"), Service(name="stock")), expressions=()),
)  # fmt: skip
POOL, PROCESSOR, DEPENDENCY = Category.CONNECTION_POOL, Category.CPU_SATURATION, Category.DEPENDENCY
Weights = dict[Category, float]


def _finding(number: int, source: Source, kind: str, strength: float, categories: Weights) -> Finding:
    return Finding(
        id=f"F{number}", source=source, kind=kind, service="orders", title=f"finding {number}", strength=strength,
        window=WINDOW, categories=categories,
    )  # fmt: skip


def _processor(full: float | None, service: str = "orders", usually: float = 0.05) -> Finding:
    busy = _finding(1, Source.METRICS, "metric_shift", 1.0, {PROCESSOR: 0.6})
    facts: dict[str, str | int | float | bool] = {"metric": "cpu", **({} if full is None else {FULL: full})}
    return busy.model_copy(update={"service": service, "facts": facts, "value": full or 0.9, "baseline": usually})


TIMEOUTS = _finding(2, Source.LOGS, "error_template", 6, {Category.UNKNOWN: 0.3, POOL: 1.0})
SLOW_CALLS = _finding(3, Source.TRACES, "slow_operation", 6, {Category.UNKNOWN: 0.5, DEPENDENCY: 0.7})
ROOM = _finding(4, Source.DATABASE, "sessions_normal", 3, {}).model_copy(
    update={"presence": Presence.ABSENT, "against": {POOL: 1.0, DEPENDENCY: 0.3}}
)
UNSEEN = missing(Source.DATABASE, "no answer", WINDOW).model_copy(update={"id": "F4"})
SEVERAL, OTHERS = (
    UNSEEN.model_copy(update={"facts": {f"{UNASKED}{service}": True for service in services}})
    for services in (("stock", "orders"), ("stock", "front"))
)
ITS_OWN, ANOTHERS = (UNSEEN.model_copy(update={"service": service}) for service in ("orders", "stock"))
GONE = _finding(3, Source.TRACES, "trace_origin", 6, {Category.UNKNOWN: 0.5, DEPENDENCY: 0.7}).model_copy(
    update={"facts": {"fate": "failed"}}
)
UNANSWERED = GONE.model_copy(update={"facts": {"fate": "unanswered"}})
FULL_DATABASE = _finding(4, Source.DATABASE, "connections_used_up", 4, {POOL: 1.0})


def _first(*findings: Finding) -> Hypothesis:
    return rank(findings, QUESTION).hypotheses[0]


@pytest.mark.parametrize(
    ("said", "processor", "database", "cause"),
    [
        ("its processor is taken, its database has room", _processor(0.88), ROOM, PROCESSOR),
        ("half of its processor is free", _processor(0.5), ROOM, POOL),
        ("nobody knows how much processor it may have", _processor(None), ROOM, POOL),
        ("another service's processor is taken", _processor(0.97, service="stock"), ROOM, POOL),
        ("its processor is taken, and its database is full as well", _processor(0.97), FULL_DATABASE, POOL),
        ("its processor is taken, as it always is", _processor(0.9, usually=0.9), ROOM, POOL),
        ("its processor is taken, and no database could be asked", _processor(0.97), UNSEEN, POOL),
        ("its processor is taken, and its database could not be asked", _processor(0.97), ITS_OWN, POOL),
        ("its processor is taken, and several could not be asked, its own too", _processor(0.97), SEVERAL, POOL),
        ("its processor is taken, and several of others could not", _processor(0.97), OTHERS, PROCESSOR),
        (
            "its processor is taken, and another's database could not be asked",
            _processor(0.97),
            ANOTHERS,
            PROCESSOR,
        ),
    ],
)
def test_a_pool_that_runs_out_is_a_symptom_of_a_processor_that_is_taken(
    said: str, processor: Finding, database: Finding, cause: Category
) -> None:
    assert _first(processor, TIMEOUTS, database).category is cause, said


@pytest.mark.parametrize(
    ("said", "evidence", "cause"),
    [
        ("its callers have no answer", UNANSWERED, PROCESSOR),
        ("it says that what it calls is not there", GONE, DEPENDENCY),
    ],
)
def test_only_waiting_is_a_symptom_of_the_processor(said: str, evidence: Finding, cause: Category) -> None:
    assert _first(_processor(0.97), evidence).category is cause, said


def test_calls_that_seem_slow_are_moved_and_none_is_counted_twice() -> None:
    busy, idle = (
        rank((_processor(0.9, usually=0.0), SLOW_CALLS), QUESTION),
        rank((_processor(0.1), SLOW_CALLS), QUESTION),
    )
    assert (busy.hypotheses[0].category, idle.hypotheses[0].category) == (PROCESSOR, DEPENDENCY)
    given = {h.category: {c.finding: c.bits for c in h.contributions}.get("F3", 0) for h in busy.hypotheses}
    assert given[PROCESSOR] == pytest.approx(6 * 0.7)
    assert DEPENDENCY not in given or given[DEPENDENCY] == pytest.approx(6 * 0.5), "as for any kind of trouble there"
