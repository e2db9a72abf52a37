"""A series that has no samples any more is missed as soon as it is silent for longer than it ever was."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.anomaly import AlertStatus, Anomaly, latest
from domain.detection import Watched
from domain.levels import Severity
from domain.series import Standing
from domain.services import Expression
from domain.severity import assess
from domain.sign import Sign
from domain.silence import (
    MONITORING,
    Sight,
    absence,
    first_sight,
    in_outage,
    in_the_dark,
    in_the_light,
    of_monitoring,
    outage,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RATE = Expression(name="request rate", kind="load", query="q", unit="1/s", floor=0.5, harmful="down")
UP = Expression(name="up", kind="up", query="q", unit="targets", floor=0.1, bound=0.5, harmful="down")
SERIES = Watched(key="k", service="orders", expression=RATE, query="q")
CALM = Standing(signs=(Sign(at=NOON, value=20.0, usual=20.0, sigma=0.0),))
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("minutes", "gap_s", "missed"),
    [
        (4, 0.0, False),
        (6, 0.0, True),
        (15, 600.0, False),
        (21, 600.0, True),
        (299, 14_400.0, False),  # silent for four hours once
        (301, 14_400.0, True),
        (600, None, False),
    ],
)
def test_it_is_missed_after_twice_its_longest_silence_or_an_hour_more_and_not_where_that_is_unknown(
    minutes: int, gap_s: float | None, missed: bool
) -> None:
    found = absence(SERIES, CALM, NOON, gap_s, NOON + minutes * MINUTE)
    assert (found is not None) is missed
    if found is not None:
        assert found.anomaly is not None
        assert found.anomaly.starts_at == NOON
        assert assess([found.anomaly]).severity is Severity.HIGH


def test_an_up_is_missed_without_any_history() -> None:
    series = SERIES.model_copy(update={"expression": UP})
    assert absence(series, Standing(), NOON, None, NOON + 6 * MINUTE) is not None


def test_it_is_told_once_and_ends_with_its_next_sample_or_after_six_hours_for_good() -> None:
    began = absence(SERIES, CALM, NOON, 60.0, NOON + 6 * MINUTE)
    assert began is not None
    going = absence(SERIES, began.standing, NOON, 60.0, NOON + 60 * MINUTE)
    assert going is not None
    assert going.anomaly is None
    back = absence(SERIES, began.standing, NOON + 61 * MINUTE, 60.0, NOON + 61 * MINUTE)
    usual = absence(SERIES, began.standing, NOON, 60.0, NOON + 367 * MINUTE)
    for over in (back, usual):
        assert over is not None
        assert over.anomaly is not None
        assert (over.anomaly.status, over.anomaly.starts_at) == (AlertStatus.RESOLVED, NOON)
        assert over.standing.since is None
    assert usual is not None
    assert absence(SERIES, usual.standing, NOON, 60.0, NOON + 999 * MINUTE) is None, "nothing is expected of it"
    again = absence(SERIES, usual.standing, NOON + 999 * MINUTE, 60.0, NOON + 999 * MINUTE)
    assert again is not None
    assert not again.standing.gone


def test_what_is_told_late_is_told_for_six_hours_all_the_same() -> None:
    late = NOON + 361 * MINUTE
    began = absence(SERIES, CALM, NOON, 18_000.0, late)
    assert began is not None
    assert began.anomaly is not None
    for minutes, over in ((359, False), (361, True)):
        found = absence(SERIES, began.standing, NOON, 18_000.0, late + minutes * MINUTE)
        assert found is not None
        assert (found.anomaly is not None) is over


def test_what_is_reported_already_is_not_reported_for_its_silence_too() -> None:
    assert absence(SERIES, CALM.model_copy(update={"since": NOON}), NOON, 60.0, NOON + 60 * MINUTE) is None


@pytest.mark.parametrize(("silent", "watched", "many"), [(2, 2, False), (3, 6, True), (3, 7, False), (40, 80, True)])
def test_half_of_all_services_and_three_of_them_are_one_outage(silent: int, watched: int, many: bool) -> None:
    assert outage(silent, watched) is many


def test_an_outage_is_one_incident_and_its_end_goes_to_that_one() -> None:
    began = absence(SERIES, CALM, NOON, 60.0, NOON + 6 * MINUTE)
    assert began is not None
    one = in_outage(began)
    assert one.anomaly is not None
    assert one.anomaly.service == MONITORING
    assert "monitoring degraded" in one.anomaly.title
    over = absence(SERIES, one.standing, NOON + 9 * MINUTE, 60.0, NOON + 9 * MINUTE)
    assert over is not None
    assert over.anomaly is not None
    assert over.anomaly.service == MONITORING
    assert over.anomaly.series == one.anomaly.series
    assert not over.standing.outage


def test_a_source_that_does_not_answer_for_five_minutes_is_told_once_and_its_return_too() -> None:
    sight, told = Sight(told=False), dict[int, Anomaly]()
    for minute in range(12):
        sight, anomaly = in_the_dark(sight, NOON + minute * MINUTE, "connection refused")
        told |= {minute: anomaly} if anomaly else {}
    ((minute, began),) = told.items()
    assert minute == 5
    assert of_monitoring(began)
    assert (began.starts_at, assess([began]).severity) == (NOON, Severity.HIGH)
    assert "connection refused" in began.title
    sight, over = in_the_light(sight, NOON + 12 * MINUTE)
    assert over is not None
    assert (over.series, over.status) == (began.series, AlertStatus.RESOLVED)
    assert latest(began, over) is over
    assert in_the_light(sight, NOON + 13 * MINUTE)[1] is None


def darkness(began: datetime) -> Anomaly:
    _, told = in_the_dark(Sight(since=began), began + 5 * MINUTE, "connection refused")
    assert told is not None
    return told


@pytest.mark.parametrize("later_s", [15, 299, 301])
def test_whoever_sees_light_first_ends_what_all_workers_told_and_nothing_that_begins_after(later_s: int) -> None:
    first, second = darkness(NOON + 4 * MINUTE), darkness(NOON + 4 * MINUTE + timedelta(seconds=15))
    last = darkness(NOON + timedelta(seconds=later_s))
    assert first.starts_at == second.starts_at, "one darkness is one episode"
    now = NOON + timedelta(seconds=later_s) + 5 * MINUTE
    for sight in (Sight(since=NOON, told=True), Sight(told=None)):
        _, over = in_the_light(sight, now)
        assert over is not None
        assert latest(last, over) is over
        again = darkness(now + timedelta(seconds=15))
        assert latest(over, again) is again


@pytest.mark.parametrize(("minutes", "says"), [(None, False), (4, False), (6, True)])
def test_a_worker_that_begins_after_a_gap_says_once_that_the_source_answers(minutes: int | None, says: bool) -> None:
    """One before it may have said that it does not, and died since. Where nothing is open, this opens nothing."""
    sight = first_sight(None if minutes is None else NOON - minutes * MINUTE, NOON)
    sight, over = in_the_light(sight, NOON)
    assert (over is not None and not over.firing) is says
    assert in_the_light(sight, NOON)[1] is None
