"""What people mark as false raises a threshold: a little, once for each incident, never without end, nor for good."""

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.detection import SOURCE, Watched, decide
from domain.feedback import Feedback
from domain.finding import Category
from domain.incident import Outcome, State
from domain.levels import Severity
from domain.series import Standing
from domain.services import Expression
from domain.severity import SIGMA_STEPS
from domain.sign import STRANGE, Sign
from domain.thresholds import MOST, STEP, ThresholdWord, WordKind, in_force, words_of
from domain.timeline import Entry, Kind
from domain.view import IncidentView
from tests.incidents import NOON, a_view, an_anomaly, minutes

OURS = an_anomaly(source=SOURCE, fingerprint="s1", name="latency p95", sigma=4.2, severity_label=None)
THEIRS = an_anomaly()
HIGH = next(bound for bound, level in SIGMA_STEPS if level is Severity.HIGH)
ERRORS = Expression(name="error ratio", kind="errors", query="q", unit="ratio", floor=0.005, bound=0.05)
UP = Expression(name="up", kind="up", query="q", unit="targets", floor=0.1, bound=0.5, harmful="down")


def word(kind: WordKind, incident: str, at: float, series: str = "s1", who: str = "ana") -> ThresholdWord:
    return ThresholdWord(
        series=series, service="orders", expression="latency p95", kind=kind, incident=incident,
        at=NOON + minutes(at), who=who,
    )  # fmt: skip


def marked(count: int) -> list[ThresholdWord]:
    return [word(WordKind.RAISED, f"INC-{n}", n) for n in range(count)]


def opened_by(*sources: str, **changes: Any) -> IncidentView:
    """A closed incident into which sightings of these sources came, in this order."""
    rows = tuple(
        Entry(seq=n + 1, at=NOON, kind=Kind.ALERT, actor=source, text="firing") for n, source in enumerate(sources)
    )
    anomalies = tuple(OURS if source == SOURCE else THEIRS for source in sources)
    facts: dict[str, Any] = {
        "timeline": rows, "anomalies": anomalies, "state": State.RESOLVED, "outcome": Outcome.SELF_RESOLVED,
        "closed_at": NOON + minutes(9), **changes,
    }  # fmt: skip
    return a_view(**facts)


def said(*, false: bool = False, right: bool = False, at: float = 20, **changes: object) -> Feedback:
    facts = {"incident": "INC-20260131-000001", "at": NOON + minutes(at), "who": "ana", "proven": True}
    return Feedback.model_validate({**facts, "false_positive": false, "right": right, **changes})


@pytest.mark.parametrize(("marks", "threshold"), [(1, 3.75), (2, 4.6875), (3, 5.859375), (4, 6.0), (40, 6.0)])
def test_each_marked_incident_raises_by_a_quarter_up_to_twice(marks: int, threshold: float) -> None:
    raised = in_force(marked(marks))["s1"]
    assert raised.threshold == threshold
    assert raised.factor == min(STEP**marks, MOST)
    assert [because.incident for because in raised.because] == [f"INC-{n}" for n in range(marks)]
    assert "INC-0 by ana at 2026-01-31 12:00 UTC" in raised.reason


def test_an_incident_counts_once_whoever_clicks_and_however_often() -> None:
    clicks = [word(WordKind.RAISED, "INC-1", at, who=who) for at, who in ((0, "ana"), (0, "ana"), (1, "mia"))]
    assert in_force(clicks)["s1"].threshold == STRANGE * STEP


def test_a_correction_takes_its_mark_back_and_leaves_the_others() -> None:
    words = [*marked(2), word(WordKind.WITHDRAWN, "INC-0", 5)]
    assert [because.incident for because in in_force(words)["s1"].because] == ["INC-1"]
    assert in_force([*words, word(WordKind.WITHDRAWN, "INC-1", 5)]) == {}
    again = in_force([*words, word(WordKind.RAISED, "INC-0", 6)])["s1"]
    assert len(again.because) == 2, "who changes their mind twice is believed the last time"


def test_a_reset_uses_up_what_was_marked_before_it_and_nothing_of_another_series() -> None:
    words = [*marked(2), word(WordKind.RAISED, "INC-0", 0, series="s2"), word(WordKind.RESET, "", 5)]
    assert set(in_force(words)) == {"s2"}
    retried = [*words, word(WordKind.RAISED, "INC-0", 6)]
    assert set(in_force(retried)) == {"s2"}, "the same incident never counts twice"
    assert in_force([*words, word(WordKind.RAISED, "INC-9", 6)])["s1"].threshold == STRANGE * STEP


WORDS = st.builds(
    word, st.sampled_from(WordKind), st.sampled_from(("INC-1", "INC-2", "INC-3")), st.integers(0, 4),
    st.sampled_from(("s1", "s2")),
)  # fmt: skip


@given(st.lists(WORDS, max_size=12), st.randoms())
def test_words_come_to_the_same_in_any_order_and_however_often_they_come(
    words: list[ThresholdWord], chance: random.Random
) -> None:
    shuffled = [*words, *words]
    chance.shuffle(shuffled)
    assert in_force(shuffled) == in_force(words)


@given(st.lists(WORDS, max_size=30))
def test_no_words_raise_beyond_the_most(words: list[ThresholdWord]) -> None:
    assert all(STRANGE < raised.threshold <= STRANGE * MOST for raised in in_force(words).values())


# -- whose word counts --------------------------------------------------------------------------------------------


def test_a_false_positive_of_our_own_detection_raises_its_series() -> None:
    (raised,) = words_of(opened_by(SOURCE), [said(false=True)])
    assert (raised.kind, raised.series, raised.service, raised.expression) == (
        WordKind.RAISED, "s1", "orders", "latency p95",
    )  # fmt: skip
    assert (raised.who, raised.at, raised.incident) == ("ana", NOON + minutes(20), "INC-20260131-000001")
    (claimed,) = words_of(opened_by(SOURCE), [said(false=True, proven=False)])
    assert claimed.who == "ana (claimed)"


def test_the_word_that_closed_it_counts_like_feedback_and_a_suppression_is_nobodys_word() -> None:
    closed = opened_by(SOURCE, outcome=Outcome.FALSE_POSITIVE, ended_by="mia")
    (raised,) = words_of(closed, [])
    assert (raised.kind, raised.who, raised.at) == (WordKind.RAISED, "mia", NOON + minutes(9))
    assert words_of(opened_by(SOURCE, outcome=Outcome.FALSE_POSITIVE), []) == ()
    assert words_of(opened_by(SOURCE, ended_by="mia", outcome=Outcome.RESOLVED_BY_HUMAN), []) == ()


def test_another_systems_alert_changes_no_threshold_of_ours() -> None:
    assert words_of(opened_by("prometheus"), [said(false=True)]) == ()
    assert words_of(opened_by("prometheus", SOURCE), [said(false=True)]) == (), "their alert opened it"
    assert [one.series for one in words_of(opened_by(SOURCE, "prometheus"), [said(false=True)])] == ["s1"]


def test_what_is_down_or_gone_or_merged_has_no_threshold_to_raise() -> None:
    down = OURS.model_copy(update={"sigma": None, "severity_label": Severity.HIGH})
    assert words_of(opened_by(SOURCE, anomalies=(down,)), [said(false=True)]) == ()
    assert words_of(opened_by(SOURCE, outcome=Outcome.MERGED), [said(false=True)]) == ()


def test_a_correction_withdraws_and_praise_of_what_nobody_marked_says_nothing() -> None:
    corrected = [said(false=True), said(at=30, category=Category.DISK, service="orders", comment="it was full")]
    (taken_back,) = words_of(opened_by(SOURCE), corrected)
    assert (taken_back.kind, taken_back.comment) == (WordKind.WITHDRAWN, "the cause was disk at orders: it was full")
    closed = opened_by(SOURCE, outcome=Outcome.FALSE_POSITIVE, ended_by="mia")
    (of_a_close,) = words_of(closed, [said(right=True)])
    assert of_a_close.kind is WordKind.WITHDRAWN
    assert in_force([*words_of(closed, []), of_a_close]) == {}
    assert words_of(opened_by(SOURCE), [said(right=True)]) == ()


# -- what a raised threshold mutes, and what never ----------------------------------------------------------------


def standing(*sigmas: float, threshold: float = STRANGE, value: float = 0.03) -> Standing:
    # Watched for long: what it gets over by itself is known, and that is nothing.
    found = Standing(threshold=threshold, judged_since=NOON - timedelta(days=7))
    for n, sigma in enumerate(sigmas):
        found = found.with_sign(Sign(
            at=NOON + timedelta(seconds=15 * n), value=value, usual=0.001, sigma=sigma, novelty=sigma, by_forecast=sigma
        ))  # fmt: skip
    return found


def opens(found: Standing, expression: Expression = ERRORS) -> bool:
    series = Watched(key="s1", service="orders", expression=expression, query="q")
    return decide(series, found, {}, found.signs[-1].at).anomaly is not None


def test_a_raised_threshold_mutes_what_lies_below_it_and_says_so() -> None:
    series = Watched(key="s1", service="orders", expression=ERRORS, query="q")
    assert opens(standing(3.5, 3.5, 3.5))
    muted = decide(series, standing(3.5, 3.5, 3.5, threshold=3.75), {}, NOON)
    assert muted.anomaly is None
    assert "its threshold is 3.75 sigma" in muted.reason
    assert opens(standing(3.8, 3.8, 3.8, threshold=3.75))


@given(st.lists(st.floats(HIGH + 0.01, 12.0), min_size=3, max_size=5), st.integers(0, 50))
def test_no_number_of_marks_mutes_what_is_high_what_is_down_or_what_people_call_broken(
    sigmas: list[float], marks: int
) -> None:
    raised = in_force(marked(marks))
    threshold = raised["s1"].threshold if raised else STRANGE
    assert opens(standing(*sigmas, threshold=threshold))
    assert opens(standing(0.0, 0.0, threshold=threshold, value=0.0), UP)
    broken = standing(*[3.1] * len(sigmas), threshold=threshold, value=0.06)
    assert opens(broken)


def test_what_opens_beneath_a_raised_threshold_does_not_end_before_it_is_over() -> None:
    series = Watched(key="s1", service="orders", expression=ERRORS, query="q")
    begun = decide(series, standing(*[4.0] * 5, threshold=6.0, value=0.06), {}, NOON).standing
    assert begun.since is not None
    going = decide(series, begun, {}, NOON)
    assert going.anomaly is None, "it is as broken as it was when it opened"
    calm = begun
    for n in range(5, 10):
        calm = calm.with_sign(Sign(at=NOON + timedelta(seconds=15 * n), value=0.03, usual=0.001, sigma=4.0))
    assert decide(series, calm, {}, NOON).anomaly is not None, "4 sigma within the bound is usual, as people said"
