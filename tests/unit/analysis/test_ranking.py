"""The ranking of causes, finding by finding."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.explaining import MORE_LINES, SPAN, WORDED
from analysis.ranking import rank
from domain.diagnosis import Diagnosis, Hypothesis
from domain.exhibits import MOST_CALLS, Call
from domain.finding import Category, Finding, Presence, Source, Window, missing
from domain.question import Question
from domain.services import Database, Expression, Service, ServiceMap

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
WINDOW = Window(start=NOON - timedelta(minutes=10), end=NOON)
SERVICES = ("gateway", "orders", "catalogue")
SHOP = ServiceMap(
    services=(
        Service(name="gateway", depends_on=("orders", "catalogue")),
        Service(name="orders", databases=(Database(name="orders", application="orders", watch="w"),)),
        Service(name="catalogue"),
    ),
    expressions=(Expression(name="5xx", kind="errors", query="e", unit="", floor=0.005),),
)
QUESTION = Question(incident="INC-1", services=SERVICES, onset=NOON, now=NOON, graph=SHOP)
TRIED = (Source.METRICS, Source.LOGS, Source.TRACES, Source.DATABASE)


def finding(number: int, source: Source, service: str | None, strength: float, **changes: Any) -> Finding:
    facts: dict[str, Any] = {
        "id": f"F{number}", "source": source, "kind": "seen", "service": service, "title": f"finding {number}",
        "strength": strength, "window": WINDOW, "categories": {Category.UNKNOWN: 0.5},
    }  # fmt: skip
    return Finding(**{**facts, **changes})


def pool(number: int, source: Source, strength: float = 5, service: str = "orders") -> Finding:
    return finding(number, source, service, strength, categories={Category.CONNECTION_POOL: 1.0})


def calm(number: int, source: Source) -> Finding:
    return finding(
        number, source, None, 1.0, presence=Presence.ABSENT, categories={}, against={Category.UNKNOWN: 1.0}
    )  # fmt: skip


def ranked(*findings: Finding) -> Diagnosis:
    return rank(findings, QUESTION)


def of(diagnosis: Diagnosis, service: str, category: Category) -> Hypothesis | None:
    return next((h for h in diagnosis.hypotheses if (h.service, h.category) == (service, category)), None)


def score(diagnosis: Diagnosis, service: str, category: Category) -> float:
    found = of(diagnosis, service, category)
    return found.score if found is not None else 0.0


def test_the_score_is_bits_times_weight() -> None:
    diagnosis = ranked(finding(1, Source.LOGS, "orders", 4, categories={Category.DISK: 0.5}))
    assert score(diagnosis, "orders", Category.DISK) == pytest.approx(2.0)


def test_evidence_for_whatever_kind_speaks_for_every_kind_at_its_service_and_nowhere_else() -> None:
    diagnosis = ranked(pool(1, Source.DATABASE, 3), finding(2, Source.METRICS, "orders", 4))
    assert score(diagnosis, "orders", Category.CONNECTION_POOL) == pytest.approx(3 + 2)
    assert score(diagnosis, "orders", Category.UNKNOWN) == pytest.approx(2)
    assert not any(h.service == "catalogue" for h in diagnosis.hypotheses)


def test_a_second_source_weighs_more_than_a_second_finding_of_the_same() -> None:
    twice = ranked(pool(1, Source.LOGS, 3), pool(2, Source.LOGS, 3))
    both = ranked(pool(1, Source.LOGS, 3), pool(2, Source.DATABASE, 3))
    assert score(twice, "orders", Category.CONNECTION_POOL) == pytest.approx(3 + 3 / 4)
    assert score(both, "orders", Category.CONNECTION_POOL) == pytest.approx(6)
    assert both.confidence > twice.confidence


def test_the_third_finding_of_a_source_adds_an_eighth() -> None:
    diagnosis = ranked(*(pool(n, Source.LOGS, 2) for n in (1, 2, 3)))
    assert score(diagnosis, "orders", Category.CONNECTION_POOL) == pytest.approx(2 + 2 / 4 + 2 / 8)


def test_no_source_says_more_than_six_bits_and_memory_no_more_than_one_and_a_half() -> None:
    loud = ranked(*(pool(n, Source.LOGS, 40) for n in range(1, 9)))
    old = ranked(*(pool(n, Source.MEMORY, 40) for n in range(1, 9)))
    assert score(loud, "orders", Category.CONNECTION_POOL) == pytest.approx(6)
    assert score(old, "orders", Category.CONNECTION_POOL) == pytest.approx(1.5)


def test_a_source_that_is_too_loud_is_turned_down_and_keeps_its_order() -> None:
    diagnosis = ranked(pool(1, Source.LOGS, 40), pool(2, Source.LOGS, 20, service="catalogue"))
    assert score(diagnosis, "orders", Category.CONNECTION_POOL) == pytest.approx(6)
    assert score(diagnosis, "catalogue", Category.CONNECTION_POOL) == pytest.approx(3)


def test_places_are_services_each_once_whatever_their_kinds() -> None:
    several = [pool(1, Source.LOGS), finding(2, Source.METRICS, "orders", 3), pool(3, Source.LOGS, 2, "catalogue")]
    diagnosis = ranked(*several)
    assert [p.service for p in diagnosis.places] == ["orders", "catalogue"]
    assert diagnosis.places[0].score == diagnosis.hypotheses[0].score
    assert diagnosis.confidence <= (diagnosis.place_confidence or 0)


def test_a_loud_finding_still_says_more_of_its_cause_than_of_its_place() -> None:
    loud = finding(1, Source.LOGS, "orders", 40, categories={Category.DISK: 1.0, Category.UNKNOWN: 0.5})
    diagnosis = ranked(loud)
    assert score(diagnosis, "orders", Category.DISK) == pytest.approx(6)
    assert score(diagnosis, "orders", Category.UNKNOWN) == pytest.approx(3)


def test_a_cause_that_one_source_alone_tells_is_said_to_be_so_however_loud() -> None:
    others = [calm(n, source) for n, source in enumerate((Source.METRICS, Source.TRACES, Source.DATABASE), start=2)]
    assert ranked(pool(1, Source.LOGS, 100), *others).unattested == "one source alone says so (logs)"
    assert ranked(pool(1, Source.LOGS, 100), pool(2, Source.METRICS, 6), *others[1:]).unattested is None


def test_a_whisper_and_what_was_before_attest_nothing() -> None:
    """Less than a bit is less than a coin says, and memory has seen nothing of this incident."""
    told = ranked(pool(1, Source.LOGS), pool(2, Source.METRICS, 0.9), pool(3, Source.MEMORY, 6))
    assert told.attested_by == (Source.LOGS,)
    whispers = ranked(*(pool(n, source, 0.9) for n, source in enumerate(TRIED, start=1)), pool(9, Source.MEMORY, 6))
    assert whispers.confidence > 0.6
    assert whispers.unattested == "no source says more than a hint of this kind of cause"


_KINDS = [kind for kind in Category if kind is not Category.UNKNOWN]


@pytest.mark.parametrize("kind", _KINDS)
def test_loud_symptoms_with_a_hint_of_a_kind_name_no_kind(kind: Category) -> None:
    """They speak for every kind alike: a tenth of a bit beside them must not carry one to the top."""
    symptoms = [finding(n, source, "orders", 6, categories={Category.UNKNOWN: 1.0}) for n, source in enumerate(TRIED)]
    for hint in (Source.MEMORY, Source.METRICS, Source.CHANGES):
        told = ranked(*symptoms, finding(9, hint, "orders", 0.1, categories={kind: 1.0}))
        assert told.hypotheses[0].service == "orders"
        assert told.hypotheses[0].score > 20
        assert told.named is None
        assert told.confidence < 0.1 or told.hypotheses[0].category is Category.UNKNOWN


@pytest.mark.parametrize("kind", _KINDS)
def test_what_is_said_of_a_kind_itself_names_it_among_the_same_symptoms(kind: Category) -> None:
    """The control: the same symptoms, and two sources that say which kind it is."""
    symptoms = [finding(n, source, "orders", 6, categories={Category.UNKNOWN: 0.5}) for n, source in enumerate(TRIED)]
    of_it = [finding(n, source, "orders", 6, categories={kind: 1.0}) for n, source in ((8, TRIED[0]), (9, TRIED[1]))]
    told = ranked(*symptoms, *of_it)
    assert told.named is not None
    assert told.named.category is kind
    assert told.confidence > 0.9


def test_what_was_before_names_no_kind_however_alike_it_is() -> None:
    """Otherwise one wrong diagnosis would breed the next."""
    symptoms = [finding(n, source, "orders", 6, categories={Category.UNKNOWN: 1.0}) for n, source in enumerate(TRIED)]
    told = ranked(*symptoms, finding(9, Source.MEMORY, "orders", 6, categories={Category.DISK: 1.0}))
    assert told.hypotheses[0].category is Category.DISK
    assert told.named is None
    assert told.hypotheses[0].of_kind == 0.75


def test_a_kind_that_is_denied_as_loudly_as_it_is_told_is_not_named() -> None:
    """A line speaks of the pool, and the database has room: what is left is trouble of whatever kind."""
    symptoms = [
        finding(n, source, "orders", 6, categories={Category.UNKNOWN: 0.9})
        for n, source in enumerate((Source.METRICS, Source.TRACES))
    ]
    line = pool(7, Source.LOGS, 3)
    room = finding(
        8, Source.DATABASE, "orders", 3, presence=Presence.ABSENT, categories={},
        against={Category.CONNECTION_POOL: 1.0, Category.DEPENDENCY: 0.3},
    )  # fmt: skip
    assert ranked(*symptoms, line, calm(8, Source.DATABASE)).named is not None
    of_pool = of(ranked(*symptoms, line, room), "orders", Category.CONNECTION_POOL)
    assert of_pool is None or of_pool.of_kind == 0
    assert ranked(*symptoms, line, room).named is None
    waits = finding(7, Source.TRACES, "orders", 5, categories={Category.UNKNOWN: 0.5, Category.DEPENDENCY: 0.8})
    by_the_way = of(ranked(symptoms[0], waits, room), "orders", Category.DEPENDENCY)
    assert by_the_way is not None
    assert by_the_way.of_kind == pytest.approx(1.5), "what is said by the way takes of the lead alone"


def test_the_same_words_in_a_line_and_in_its_span_are_one_witness() -> None:
    """An error that quotes a request: whoever sends it may have written `too many clients already`."""
    line = finding(1, Source.LOGS, "orders", 6, kind="error_template", categories={Category.CONNECTION_POOL: 1.0})
    spoken = {Category.UNKNOWN: 0.5, Category.CONNECTION_POOL: 1.0}
    span = finding(2, Source.TRACES, "orders", 6, kind="trace_origin", categories=spoken, facts={"fate": "failed"})
    told = ranked(line, span, calm(3, Source.DATABASE))
    assert (told.attested_by, told.unattested) == ((Source.LOGS,), "one source alone says so (logs)")
    full = ranked(line, span, pool(3, Source.DATABASE))
    assert (full.attested_by, full.unattested) == ((Source.LOGS, Source.DATABASE), None)


@pytest.mark.parametrize(
    ("facts", "another"),
    [
        pytest.param({"fate": "unanswered"}, True, id="nobody answered"),
        pytest.param({"fate": "failed", WORDED: False}, True, id="it failed without a word"),
        pytest.param({"fate": "failed", WORDED: True}, False, id="it failed with words"),
    ],
)
def test_what_became_of_a_call_is_another_witness_than_the_words_of_a_line(
    facts: dict[str, str | bool], another: bool
) -> None:
    spoken = {Category.UNKNOWN: 0.5, Category.DEPENDENCY: 0.8}
    line = finding(1, Source.LOGS, "orders", 6, kind="error_template", categories={Category.DEPENDENCY: 1.0})
    lost = finding(2, Source.TRACES, "orders", 6, kind="trace_origin", categories=spoken, facts=facts)
    assert (ranked(line, lost).attested_by == (Source.LOGS, Source.TRACES)) is another


def test_of_words_the_loudest_source_is_named_and_how_often_lines_come_is_no_word() -> None:
    spoken = {Category.UNKNOWN: 0.5, Category.CONNECTION_POOL: 1.0}
    line = finding(1, Source.LOGS, "orders", 2, kind="error_template", categories={Category.CONNECTION_POOL: 1.0})
    steps = finding(2, Source.TRACES, "orders", 6, kind="other_behaviour", categories=spoken)
    assert ranked(line, steps).attested_by == (Source.TRACES,)
    more = finding(
        1, Source.LOGS, "gateway", 6, kind=MORE_LINES, categories={Category.LOAD_SPIKE: 1.0}, value=3, baseline=1
    )
    asked = finding(
        2, Source.METRICS, "gateway", 6, kind="metric_shift", value=3, baseline=1, facts={"metric": "load"},
        categories={Category.LOAD_SPIKE: 0.6},
    )  # fmt: skip
    said = finding(
        3, Source.TRACES, "gateway", 6, kind="other_behaviour", categories={**spoken, Category.LOAD_SPIKE: 1.0}
    )
    assert ranked(more, asked, said).attested_by == (Source.METRICS, Source.LOGS, Source.TRACES)


def test_words_of_a_caller_that_blame_it_are_symptoms_at_the_callee_and_attest_no_kind_there() -> None:
    """The gateway says that what it depends on fails: at orders that is trouble of whatever kind."""
    words = finding(1, Source.LOGS, "gateway", 6, categories={Category.DEPENDENCY: 0.9})
    (waits, full) = (
        finding(n, source, "orders", 6, categories={Category.UNKNOWN: 0.5, Category.DEPENDENCY: 0.8})
        for n, source in ((2, Source.TRACES), (3, Source.METRICS))
    )
    first = ranked(words, waits, full).hypotheses[0]
    assert (first.service, first.category) == ("orders", Category.DEPENDENCY)
    assert {c.finding for c in first.contributions} == {"F1", "F2", "F3"}
    assert ranked(words, waits, full).attested_by == (Source.METRICS, Source.TRACES)
    assert first.of_kind is not None
    assert first.of_kind < first.score / 2


@given(st.lists(st.floats(0, 6), min_size=4, max_size=4), st.integers(0, 3))
def test_with_less_evidence_nothing_becomes_attested_that_was_not(bits: list[float], less: int) -> None:
    def told(bits: list[float]) -> Diagnosis:
        return ranked(*(pool(n, source, b) for n, (source, b) in enumerate(zip(TRIED, bits, strict=True), start=1)))

    fewer = [b if n != less else b / 2 for n, b in enumerate(bits)]
    assert told(bits).unattested is None or told(fewer).unattested is not None or not told(fewer).hypotheses


@pytest.mark.parametrize(("calibrated", "asks"), [(True, True), (False, False)])
def test_a_cause_whose_sources_nobody_counted_asks_unless_it_is_older_than_the_counting(
    *, calibrated: bool, asks: bool
) -> None:
    assert (Diagnosis(confidence_reason="", calibrated=calibrated).unattested is not None) == asks


def test_what_speaks_against_is_subtracted_and_cited() -> None:
    against = finding(2, Source.DATABASE, "orders", 3, categories={}, against={Category.CONNECTION_POOL: 1.0})
    diagnosis = ranked(pool(1, Source.LOGS, 5), against)
    found = of(diagnosis, "orders", Category.CONNECTION_POOL)
    assert found is not None
    assert found.score == pytest.approx(2)
    assert found.supporting == ("F1",)
    assert found.opposing == ("F2",)


def test_silence_of_a_source_that_looked_lowers_confidence() -> None:
    cause = (pool(1, Source.LOGS, 1.5), pool(2, Source.DATABASE, 1.5))
    assert ranked(*cause, calm(3, Source.METRICS), calm(4, Source.TRACES)).confidence < ranked(
        *cause, finding(3, Source.METRICS, "orders", 1), calm(4, Source.TRACES)
    ).confidence  # fmt: skip


@pytest.mark.parametrize("source", [*TRIED, Source.CHANGES, Source.MEMORY])
def test_a_missing_source_is_listed_and_costs_confidence(source: Source) -> None:
    seen = [pool(n, s) for n, s in enumerate((s for s in TRIED if s is not source), start=1)]
    complete = ranked(*seen, calm(8, source))
    partly = ranked(*seen, missing(source, "timed out", WINDOW))
    assert partly.not_seen == (source,)
    assert complete.not_seen == ()
    unhindered = ranked(*seen, finding(8, source, None, 0, categories={}))
    assert partly.confidence < unhindered.confidence


def test_a_source_that_nobody_asked_was_not_seen() -> None:
    assert ranked(pool(1, Source.LOGS)).not_seen == (Source.METRICS, Source.TRACES, Source.DATABASE)


def test_a_database_is_not_missed_where_none_is_declared() -> None:
    bare = QUESTION.model_copy(update={"services": ("catalogue",)})
    assert Source.DATABASE not in rank((pool(1, Source.LOGS, service="catalogue"),), bare).not_seen


def test_a_source_that_answered_in_part_costs_half() -> None:
    seen = [pool(n, source) for n, source in enumerate(TRIED, start=1)]
    whole = ranked(*seen).confidence
    half = ranked(*seen, missing(Source.METRICS, "one query was refused", WINDOW))
    assert half.not_seen == ()
    assert half.confidence == pytest.approx(whole * (1 - 0.15 / 2))


# -- symptoms ---------------------------------------------------------------------------------------------------------


def origin(number: int, service: str, **explains: float) -> Finding:
    facts = {f"explains:{caller}": share for caller, share in explains.items()}
    return finding(number, Source.TRACES, service, 4, kind="trace_origin", facts=facts)


def test_errors_of_a_caller_count_for_the_callee_in_which_its_failing_traces_begin() -> None:
    diagnosis = ranked(finding(1, Source.METRICS, "gateway", 6), origin(2, "orders", gateway=1.0))
    assert score(diagnosis, "gateway", Category.UNKNOWN) == 0
    assert score(diagnosis, "orders", Category.UNKNOWN) == pytest.approx(6 * 0.5 + 4 * 0.5)


def test_what_traces_do_not_explain_stays_with_the_caller() -> None:
    diagnosis = ranked(finding(1, Source.METRICS, "gateway", 6), origin(2, "orders", gateway=0.25))
    assert score(diagnosis, "gateway", Category.UNKNOWN) == pytest.approx(6 * 0.5 * 0.75)


def test_without_traces_a_callee_that_fails_as_much_explains_four_fifths() -> None:
    diagnosis = ranked(finding(1, Source.METRICS, "gateway", 4), finding(2, Source.METRICS, "orders", 4))
    assert diagnosis.hypotheses[0].service == "orders"
    assert score(diagnosis, "gateway", Category.UNKNOWN) == pytest.approx(4 * 0.5 * 0.2)


def test_a_symptom_whose_callees_were_asked_in_its_own_unit_is_moved_no_further() -> None:
    asked = finding(1, Source.METRICS, "gateway", 4, facts={"unexplained": 0.9})
    diagnosis = ranked(asked, finding(2, Source.METRICS, "orders", 4))
    assert score(diagnosis, "gateway", Category.UNKNOWN) == pytest.approx(4 * 0.5)


def test_a_healthy_callee_explains_nothing() -> None:
    diagnosis = ranked(finding(1, Source.METRICS, "gateway", 4))
    assert [h.service for h in diagnosis.hypotheses] == ["gateway"]
    assert score(diagnosis, "gateway", Category.UNKNOWN) == pytest.approx(2)


def test_words_that_name_a_cause_stay_where_they_were_said() -> None:
    full_disk = finding(1, Source.LOGS, "gateway", 5, categories={Category.DISK: 1.0, Category.UNKNOWN: 0.3})
    diagnosis = ranked(full_disk, origin(2, "orders", gateway=1.0))
    assert score(diagnosis, "gateway", Category.DISK) == pytest.approx(5)


def blocked(number: int, share: float) -> Finding:
    return finding(
        number, Source.DATABASE, "orders", 4.5, kind="blocked_sessions", categories={Category.DEPENDENCY: 1.0},
        against={Category.CONNECTION_POOL: 1.0},
        facts={
            "share": share, "relation": "orders", "database": "orders", "blocker_application": "schema-migration",
            "blocker_pid": 7, "blocker_state": "idle in transaction", "blocker_age_s": 40.0, "waiting": 10,
        },
    )  # fmt: skip


@pytest.mark.parametrize("share", [0.5, 0.8, 1.0])
def test_a_pool_that_is_full_of_sessions_waiting_for_a_lock_is_no_pool_trouble(share: float) -> None:
    """Logs, traces and the database itself all say that connections ran out: behind the lock they did."""
    says_pool = [pool(1, Source.LOGS, 8), pool(2, Source.TRACES, 7), pool(3, Source.DATABASE, 4.6)]
    without = ranked(*says_pool)
    assert without.hypotheses[0].category is Category.CONNECTION_POOL
    diagnosis = ranked(*says_pool, blocked(4, share))
    assert diagnosis.hypotheses[0].category is Category.DEPENDENCY
    assert diagnosis.hypotheses[0].service == "orders"


@pytest.mark.parametrize(
    ("memory", "cause"),
    [
        pytest.param(0.0, Category.CPU_SATURATION, id="memory as always"),
        pytest.param(0.2, Category.CPU_SATURATION, id="hardly more"),
        pytest.param(1.0, Category.CPU_SATURATION, id="one bit, beside five of the processor"),
        pytest.param(1.2, Category.CPU_SATURATION, id="not enough to explain most of it"),
        pytest.param(1.66, Category.MEMORY_LEAK, id="the least of Sock Shop's memory faults"),
        pytest.param(2.0, Category.MEMORY_LEAK, id="two bits of its own"),
    ],
)
def test_a_busy_processor_is_a_symptom_of_memory_that_left_its_calm(memory: float, cause: Category) -> None:
    """A little more memory explains little of it; memory at another service explains nothing."""

    def shift(number: int, metric: str, service: str, strength: float, kind: Category) -> Finding:
        facts = {"metric": metric}
        return finding(
            number, Source.METRICS, service, strength, kind="metric_shift", facts=facts, categories={kind: 0.6}
        )  # fmt: skip

    busy = shift(1, "cpu", "orders", 5, Category.CPU_SATURATION)
    takes = shift(2, "memory", "orders", memory, Category.MEMORY_LEAK)
    other = shift(3, "memory", "catalogue", 2, Category.MEMORY_LEAK)
    assert ranked(busy, takes, other).hypotheses[0].category is cause


@pytest.mark.parametrize(
    ("requests", "lines", "by_lines", "by_requests"),
    [
        pytest.param(15, 15, 4.0, 4.0, id="both say fifteen times as many: all of both"),
        pytest.param(8, 15, 2.0, 3.4, id="half as much more by the counter: half of the lines"),
        pytest.param(1, 15, 0.0, 0.0, id="the counter is as always: a service that writes more"),
        pytest.param(15, 1, 0.0, 2.8, id="the lines are as always"),
    ],
)
def test_lines_speak_for_a_load_spike_as_far_as_the_count_of_requests_agrees(
    requests: float, lines: float, by_lines: float, by_requests: float
) -> None:
    counted = finding(
        1, Source.METRICS, "gateway", 4 if requests > 1 else 0, kind="metric_shift", facts={"metric": "load"},
        categories={Category.LOAD_SPIKE: 0.7}, value=requests, baseline=1.0,
    )  # fmt: skip
    written = finding(
        2, Source.LOGS, "gateway", 4 if lines > 1 else 0, kind="more_lines", value=lines, baseline=1.0,
        categories={Category.LOAD_SPIKE: 1.0},
    )  # fmt: skip
    spike = of(ranked(counted, written), "gateway", Category.LOAD_SPIKE)
    gave = {c.finding: c.bits for c in spike.contributions} if spike is not None else {}
    assert gave.get("F2", 0.0) == pytest.approx(by_lines)
    assert gave.get("F1", 0.0) == pytest.approx(by_requests)


def test_lines_that_are_written_with_answers_agree_with_the_counter_of_answers() -> None:
    """An overloaded service receives fifteen times as much and answers four times as much."""
    received, answered, written = (
        finding(n, source, "gateway", 4, kind=kind, facts={"metric": "load"}, value=times, baseline=1.0,
                categories={Category.LOAD_SPIKE: 0.7})
        for n, source, kind, times in (
            (1, Source.METRICS, "metric_shift", 15), (2, Source.METRICS, "metric_shift", 4),
            (3, Source.LOGS, "more_lines", 4),
        )
    )  # fmt: skip
    spike = of(ranked(received, answered, written), "gateway", Category.LOAD_SPIKE)
    assert spike is not None
    assert {c.finding: c.bits for c in spike.contributions}["F3"] == pytest.approx(4 * 0.7)


def test_a_lock_is_named_with_who_holds_it() -> None:
    said = ranked(blocked(1, 0.9)).hypotheses[0].sentence
    assert said == (
        "orders waits for a lock on orders in database orders: schema-migration (pid 7, idle in transaction, "
        "transaction open for 40 s) blocks 10 sessions"
    )


def test_no_name_from_outside_stands_in_a_statement_that_a_person_may_copy() -> None:
    evil = "x'; DROP TABLE orders; --"
    lock = blocked(1, 0.9)
    lock = lock.model_copy(update={"facts": {**lock.facts, "blocker_application": evil, "blocker_role": evil}})
    others = (finding(2, Source.METRICS, "orders", 6), finding(3, Source.TRACES, "orders", 6))
    steps = ranked(lock, *others).look_next
    assert len(steps) == 3
    assert [evil in step for step in steps] == [False, True, False]
    assert "SELECT" not in steps[1]


def test_a_similar_incident_does_not_outweigh_what_is_seen_now() -> None:
    before = [pool(n, Source.MEMORY, 2) for n in (5, 6, 7)]
    diagnosis = ranked(blocked(1, 0.9), finding(2, Source.METRICS, "orders", 6), *before)
    assert diagnosis.hypotheses[0].category is Category.DEPENDENCY


# -- what people are told ---------------------------------------------------------------------------------------------


def test_a_place_without_a_kind_is_never_named() -> None:
    everywhere = [finding(n, source, "orders", 9) for n, source in enumerate(TRIED, start=1)]
    diagnosis = ranked(*everywhere)
    assert diagnosis.hypotheses[0].category is Category.UNKNOWN
    assert diagnosis.cause == "cause not determined"
    assert diagnosis.look_next


def test_nothing_found_is_no_cause_and_a_next_step() -> None:
    diagnosis = ranked(*(calm(n, source) for n, source in enumerate(TRIED, start=1)))
    assert (diagnosis.hypotheses, diagnosis.confidence) == ((), 0.0)
    assert any("gateway" in step for step in diagnosis.look_next)
    assert ranked().confidence == 0.0


def test_a_named_cause_needs_no_next_step_and_is_never_certain() -> None:
    diagnosis = ranked(*(pool(n, source) for n, source in enumerate(TRIED, start=1)))
    assert diagnosis.named is not None
    assert diagnosis.look_next == ()
    assert diagnosis.calibrated
    assert diagnosis.confidence <= 0.95


def test_contributions_add_up_to_the_score() -> None:
    diagnosis = ranked(
        pool(1, Source.LOGS, 7), pool(2, Source.LOGS, 5), blocked(3, 0.2), finding(4, Source.METRICS, "gateway", 6)
    )
    for hypothesis in diagnosis.hypotheses:
        assert sum(c.bits for c in hypothesis.contributions) == pytest.approx(hypothesis.score, abs=0.01)


# -- properties -------------------------------------------------------------------------------------------------------

_WEIGHTS = st.dictionaries(
    st.sampled_from([Category.CONNECTION_POOL, Category.DEPENDENCY, Category.UNKNOWN, Category.DISK]),
    st.sampled_from([0.2, 0.5, 0.7, 1.0]),
    max_size=2,
)


@st.composite
def several(draw: st.DrawFn) -> tuple[Finding, ...]:
    size = draw(st.integers(0, 8))
    return tuple(
        finding(
            n, draw(st.sampled_from([*TRIED, Source.MEMORY])), draw(st.sampled_from([*SERVICES, None])),
            draw(st.floats(0, 20)), categories=draw(_WEIGHTS), against=draw(_WEIGHTS),
            presence=draw(st.sampled_from([Presence.FOUND, Presence.ABSENT])),
        )
        for n in range(size)
    )  # fmt: skip


@given(several(), st.randoms())
def test_the_order_of_findings_never_matters(findings: tuple[Finding, ...], chance: Any) -> None:
    mixed = list(findings)
    chance.shuffle(mixed)
    assert rank(mixed, QUESTION) == rank(findings, QUESTION)


@given(several(), st.sampled_from(list(Source)))
def test_a_missing_source_never_raises_confidence(findings: tuple[Finding, ...], source: Source) -> None:
    more = (*findings, missing(source, "down", WINDOW))
    assert rank(more, QUESTION).confidence <= rank(findings, QUESTION).confidence


@given(several())
def test_weights_are_shares_and_confidence_is_a_probability(findings: tuple[Finding, ...]) -> None:
    diagnosis = rank(findings, QUESTION)
    assert 0 <= diagnosis.confidence <= 1
    assert all(0 < h.weight <= 1 for h in diagnosis.hypotheses)
    assert sum(h.weight for h in diagnosis.hypotheses) <= 1 + 1e-9
    scores = [round(h.score, 6) for h in diagnosis.hypotheses]
    assert scores == sorted(scores, reverse=True)


def unanswered(number: int, source: Source, service: str, strength: float = 6) -> Finding:
    of_traces = {"kind": "trace_origin", "facts": {"fate": "failed", SPAN: "client"}}
    more = of_traces if source is Source.TRACES else {}
    return finding(number, source, service, strength, categories={Category.DEPENDENCY: 0.9}, **more)


NO_TRACES = missing(Source.TRACES, "down", WINDOW)


def test_without_traces_nobody_knows_which_end_of_a_call_does_not_answer() -> None:
    """Gateway's lines say that orders did not answer; so they do when the network between them is slow."""
    told = (unanswered(1, Source.LOGS, "gateway"), unanswered(2, Source.METRICS, "gateway"), calm(3, Source.DATABASE))
    blind, seeing = ranked(*told, NO_TRACES), ranked(*told, unanswered(4, Source.TRACES, "gateway"))
    assert blind.named is None
    assert seeing.named is not None
    clause = "without a trace of its calls nobody sees whether it is gateway or what it calls, orders or catalogue"
    assert clause in blind.confidence_reason
    assert f"{clause}; look there next" in blind.look_next
    assert clause not in seeing.confidence_reason


@pytest.mark.parametrize(
    ("calls", "seen"),
    [
        pytest.param((), False, id="nobody's call is in them"),
        pytest.param((Call(caller="edge", callee="gateway", calls=9),), False, id="only calls of others are"),
        pytest.param((Call(caller="edge", callee="orders", calls=9),), False, id="another's call to the same is"),
        pytest.param((Call(caller="gateway", callee="orders", calls=9),), True, id="a call of the service is"),
        pytest.param((Call(caller="gateway", callee="metrics", calls=9),), False, id="a call to something else is"),
        pytest.param(
            tuple(Call(caller=f"s{n}", callee="t", calls=9) for n in range(MOST_CALLS)), False, id="the list is full"
        ),
    ],
)
def test_traces_that_came_without_a_call_of_the_service_show_no_end_of_it(calls: tuple[Call, ...], seen: bool) -> None:
    """They answered, and nothing failed in them; the service may write none, or its own may be sampled away."""
    told = (unanswered(1, Source.LOGS, "gateway"), unanswered(2, Source.METRICS, "gateway"), calm(3, Source.DATABASE))
    came = finding(9, Source.TRACES, None, 0, presence=Presence.ABSENT, categories={}, calls=calls)
    assert ("nobody sees whether it is gateway" not in ranked(*told, came).confidence_reason) is seen
    assert (ranked(*told, came).named is not None) is seen


_A_CALL, _OWN = {Category.UNKNOWN: 0.5, Category.DEPENDENCY: 0.7}, {Category.UNKNOWN: 0.6, Category.DEPENDENCY: 0.55}


@pytest.mark.parametrize(
    ("kind", "categories", "facts", "seen"),
    [
        pytest.param("other_behaviour", {Category.UNKNOWN: 0.6}, {}, False, id="it does something else when called"),
        pytest.param("other_behaviour", {Category.DEPENDENCY: 0.9}, {}, False, id="its words speak of a call"),
        pytest.param("slow_operation", _OWN, {}, False, id="its own time"),
        pytest.param("slow_operation", _A_CALL, {}, True, id="a call takes long"),
        pytest.param(
            "slow_edge", {Category.UNKNOWN: 0.5, Category.NETWORK: 0.6}, {}, True, id="the way to a callee does"
        ),
        pytest.param("trace_origin", _A_CALL, {"fate": "failed", SPAN: "server"}, False, id="it failed when called"),
        pytest.param("trace_origin", _A_CALL, {"fate": "failed", SPAN: "client"}, True, id="a call of it failed"),
        pytest.param("trace_origin", _A_CALL, {"fate": "unfinished", SPAN: "server"}, False, id="it did not end"),
        pytest.param("trace_origin", _A_CALL, {"fate": "between", SPAN: "client"}, True, id="nothing came through"),
    ],
)
def test_that_a_service_was_seen_tells_nothing_of_its_calls(
    kind: str, categories: dict[Category, float], facts: dict[str, str], seen: bool
) -> None:
    told = (unanswered(1, Source.LOGS, "gateway"), unanswered(2, Source.METRICS, "gateway"), calm(3, Source.DATABASE))
    of_it = finding(9, Source.TRACES, "gateway", 0.3, kind=kind, categories=categories, facts=facts)
    assert ("nobody sees whether it is gateway" not in ranked(*told, of_it).confidence_reason) is seen
    of_another = of_it.model_copy(update={"service": "catalogue"})
    assert "nobody sees whether it is gateway" in ranked(*told, of_another).confidence_reason


@pytest.mark.parametrize(
    "told",
    [
        pytest.param([unanswered(n, s, "orders") for n, s in enumerate(TRIED[:2], 1)], id="what calls nobody"),
        pytest.param([pool(n, s, service="gateway") for n, s in enumerate(TRIED[:2], 1)], id="another kind of cause"),
    ],
)
def test_where_there_is_one_end_only_traces_take_what_any_source_takes(told: list[Finding]) -> None:
    blind, seeing = (ranked(*told, calm(8, Source.DATABASE), with_traces) for with_traces in (NO_TRACES, SEEN_NOTHING))
    assert blind.confidence == pytest.approx(seeing.confidence * 0.92, rel=0.01)


SEEN_NOTHING = finding(9, Source.TRACES, None, 0, presence=Presence.ABSENT, categories={})


def test_symptoms_and_a_hint_of_a_kind_attest_no_kind() -> None:
    """Errors, their lines, failing traces, and a memory that drifts: nobody attests a leak."""
    symptoms = [finding(n, s, "orders", 5, categories={Category.UNKNOWN: 0.6}) for n, s in enumerate(TRIED[:3], 1)]
    told = ranked(*symptoms, finding(9, Source.METRICS, "orders", 0.5, categories={Category.MEMORY_LEAK: 0.6}))
    assert told.hypotheses[0].category is Category.MEMORY_LEAK
    assert told.unattested is not None


def test_words_that_a_user_may_have_written_need_a_second_source_that_says_the_same() -> None:
    said = finding(1, Source.LOGS, "orders", 6, categories={Category.MEMORY_LEAK: 1.0, Category.UNKNOWN: 0.5})
    errors = finding(2, Source.METRICS, "orders", 6, categories={Category.UNKNOWN: 0.6})
    assert ranked(said, errors).unattested == "one source alone says so (logs)"
    memory = finding(3, Source.METRICS, "orders", 6, categories={Category.MEMORY_LEAK: 1.0})
    assert ranked(said, errors, memory).unattested is None


def test_two_sources_with_little_to_say_do_not_act() -> None:
    told = ranked(pool(1, Source.LOGS, 2), pool(2, Source.DATABASE, 2))
    assert told.unattested == "all that speaks for it is 4.0 bits, less than 8"
