"""One strange point opens nothing; what lasts and is believed does, once, and ends once it is back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.anomaly import AlertStatus
from domain.detection import Verdict, Watched, decide, series_key
from domain.levels import Severity
from domain.series import Standing, known_after
from domain.services import Expression, MetricKind
from domain.severity import assess
from domain.sign import Deviation, Look, Sign, harmful_sigma, sign
from domain.verification import watch_of_rule

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ERRORS = Expression(name="error ratio", kind="errors", query="q", unit="ratio", floor=0.005, bound=0.05)
RATE = Expression(name="request rate", kind="load", query="q", unit="1/s", floor=0.5, harmful="down")
A_MINUTE = timedelta(minutes=1)
UP = Expression(name="up", kind="up", query="q", unit="share", floor=0.1, bound=0.5, harmful="down")
SERIES = Watched(key="k", service="orders", expression=ERRORS, query="sum(rate(x[1m]))")


# Watched for long, and never strange.
KNOWN = Standing(judged_since=NOON - timedelta(days=7))


def standing(*sigmas: float, value: float = 0.03) -> Standing:
    found = KNOWN
    for n, sigma in enumerate(sigmas):
        found = found.with_sign(
            Sign(at=NOON + timedelta(seconds=15 * n), value=value, usual=0.001, sigma=sigma, novelty=sigma)
        )
    return found


def verdict(now_standing: Standing, others: dict[str, Standing] | None = None) -> Verdict:
    return decide(SERIES, now_standing, others or {}, now_standing.signs[-1].at)


@pytest.mark.parametrize(
    ("sigmas", "opens"),
    [
        ((12.0,), False),
        ((12.0, 0.0, 12.0, 0.0, 0.0), False),
        ((9.0, 0.0, 9.0, 0.0, 9.0), True),
        ((6.1, 3.0), True),  # one speaks for itself, and the other one is strange as well
        ((3.0, 6.1), True),
        ((12.0, 2.9), False),
        ((5.9, 5.9), False),
        ((5.9, 5.9, 5.9), False),
        ((4.0, 4.0, 4.0, 4.0, 4.0), False),
    ],
)
def test_three_of_five_samples_open_or_two_in_a_row_with_one_beyond_high_and_below_high_only_with_a_witness(
    sigmas: tuple[float, ...], opens: bool
) -> None:
    assert (verdict(standing(*sigmas)).anomaly is not None) is opens


def test_a_second_expression_or_what_people_call_broken_is_a_witness() -> None:
    weak = standing(4.0, 4.0, 4.0)
    assert "no second witness" in verdict(weak).reason
    assert "latency" in verdict(weak, {"latency p95": standing(5.0, 5.0, 5.0)}).reason
    assert "beyond 5 %" in verdict(standing(4.0, 4.0, 4.0, value=0.06)).reason
    assert verdict(standing(5.9, 5.9, value=0.06)).anomaly is None, "a witness makes two samples no three"
    old = standing(5.0, 5.0, 5.0)
    late = decide(SERIES, weak, {"latency p95": old}, old.signs[-1].at + timedelta(minutes=6))
    assert late.anomaly is None, "a witness of long ago saw something else"


def test_its_severity_is_that_of_its_sigma() -> None:
    for sigma, severity in ((11.0, Severity.CRITICAL), (7.0, Severity.HIGH)):
        found = verdict(standing(sigma, sigma, sigma)).anomaly
        assert found is not None
        assert assess([found]).severity is severity


def test_down_needs_no_history_and_is_high() -> None:
    series = SERIES.model_copy(update={"expression": UP})
    two = standing(0.0, 0.0, value=0.0)
    assert decide(series, standing(0.0, value=0.0), {}, NOON).anomaly is None
    found = decide(series, two, {}, NOON).anomaly
    assert found is not None
    assert assess([found]).severity is Severity.HIGH


@pytest.mark.parametrize(
    ("values", "usual", "since", "title"),
    [
        # Never up since it is known: nothing is strange about it, and nothing usual.
        ((0.0, 0.0), 0.0, 0, "up is 0 % (it is down)"),
        # A known outage: the detectors have seen it before, and the samples before it were healthy.
        ((1.0, 1.0, 1.0, 0.0, 0.0), 1.0, 3, "up is 0 %, usually 100 % (it is down)"),
        ((0.0, 1.0, 1.0, 0.0, 0.0), 1.0, 3, "up is 0 %, usually 100 % (it is down)"),
    ],
)
def test_what_is_down_is_told_with_what_is_down_since_it_is_and_is_over_where_it_would_be_up(
    values: tuple[float, ...], usual: float, since: int, title: str
) -> None:
    times = [NOON + timedelta(seconds=15 * n) for n in range(len(values))]
    samples = stands(*(Sign(at=at, value=value, usual=usual, sigma=0) for at, value in zip(times, values, strict=True)))
    series = SERIES.model_copy(update={"expression": UP, "query": "up"})
    found = decide(series, samples, {}, times[-1]).anomaly
    assert found is not None
    assert (found.title, found.starts_at, found.actual) == (title, times[since], 0.0)
    assert found.expression == "(up) < 0.5"
    watch = watch_of_rule(found.series, found.expression, found.labels, found.actual)
    assert watch is not None
    assert watch.harmful(0.0)
    assert not watch.harmful(1.0)


def test_it_is_told_once_goes_on_and_ends_when_all_samples_are_back() -> None:
    opened = verdict(standing(8.0, 8.0, 8.0))
    assert opened.anomaly is not None
    assert opened.anomaly.starts_at == NOON
    now = opened.standing
    for n in range(3, 8):
        now = now.with_sign(Sign(at=NOON + timedelta(seconds=15 * n), value=0.001, usual=0.001, sigma=0.0))
        going = decide(SERIES, now, {}, now.signs[-1].at)
        now = going.standing
        assert (going.anomaly is None) is (n < 7)
    assert going.anomaly is not None  # pyright: ignore[reportPossiblyUnboundVariable]
    assert going.anomaly.status is AlertStatus.RESOLVED  # pyright: ignore[reportPossiblyUnboundVariable]
    assert going.anomaly.starts_at == NOON, "the end belongs to the episode that was told"  # pyright: ignore[reportPossiblyUnboundVariable]
    assert now.since is None


def test_what_lasts_for_six_hours_is_usual() -> None:
    opened = verdict(standing(8.0, 8.0, 8.0)).standing
    late = decide(SERIES, opened, {}, NOON + timedelta(hours=6, seconds=1))
    assert late.anomaly is not None
    assert late.anomaly.status is AlertStatus.RESOLVED


def test_its_end_can_be_verified_like_that_of_an_alert() -> None:
    found = verdict(standing(8.0, 8.0, 8.0)).anomaly
    assert found is not None
    watch = watch_of_rule(found.series, found.expression, found.labels, found.actual)
    assert watch is not None
    assert watch.harmful(0.03)
    assert not watch.harmful(0.001)


@pytest.mark.parametrize(
    ("expression", "value", "counts"),
    [(ERRORS, 2.0, True), (ERRORS, 0.5, False), (RATE, 0.5, True), (RATE, 2.0, False)],
)
def test_a_better_value_counts_nothing(expression: Expression, value: float, counts: bool) -> None:
    assert (harmful_sigma(expression, value, 1.0, 9.0) > 0) is counts
    assert harmful_sigma(expression.model_copy(update={"harmful": None}), value, 1.0, 9.0) == 0


def test_a_deployment_changes_no_identity() -> None:
    first = series_key("orders", ERRORS, {"route": "/buy", "pod": "orders-1", "instance": "10.0.0.1:80"})
    assert first == series_key("orders", ERRORS, {"route": "/buy", "pod": "orders-2"})
    assert first != series_key("orders", ERRORS, {"route": "/sell"})


@given(st.lists(st.floats(0, 12), min_size=1, max_size=60))
def test_reports_alternate_and_a_sample_twice_is_a_sample_once(sigmas: list[float]) -> None:
    now, told = Standing(), list[AlertStatus]()
    for n, sigma in enumerate(sigmas):
        at = NOON + timedelta(seconds=15 * n)
        sign = Sign(at=at, value=1.0, usual=0.001, sigma=sigma, novelty=sigma)
        now = now.with_sign(sign)
        assert now.with_sign(sign) == now
        found = decide(SERIES, now, {}, at)
        now = found.standing
        told += [found.anomaly.status] if found.anomaly else []
    assert told == [(AlertStatus.FIRING, AlertStatus.RESOLVED)[n % 2] for n in range(len(told))]


def sample(n: int, *, novelty: float = 0.0, forecast: float | None = None, believed: bool = True) -> Sign:
    """A sample of the error ratio, 15 s after the one before, so many sigma above what either expects."""
    look = Look(channel="value", usual=0.001, sigma=novelty)
    expected = None if forecast is None else Deviation(expected=0.002, scale=0.005, sigma=forecast)
    return sign(ERRORS, NOON + timedelta(seconds=15 * n), 0.03, look, expected, believed=believed)


def stands(*samples: Sign, before: Standing = KNOWN) -> Standing:
    found = before
    for one in samples:
        found = found.with_sign(one)
    return found


def test_the_score_is_the_greater_of_both_and_says_whose_it_is() -> None:
    assert (sample(0, novelty=4.0, forecast=5.0).sigma, sample(0, novelty=4.0, forecast=5.0).look) == (5.0, "forecast")
    assert (sample(0, novelty=4.0, forecast=3.0).sigma, sample(0, novelty=4.0, forecast=3.0).look) == (4.0, "value")
    assert sample(0, forecast=9.0, believed=False).sigma == 0
    assert sign(RATE, NOON, 9.0, None, Deviation(expected=5.0, scale=1.0, sigma=4.0), believed=True).sigma == 0


@pytest.mark.parametrize(
    ("knows_a_day", "forecast", "believed", "counts"),
    [
        (False, 1.0, True, False),  # an hour that it has not seen yet, and that is usual
        (True, 1.0, True, True),  # it has seen each hour: the forecast does not see everything
        (False, 4.0, True, True),
        (False, 1.0, False, True),  # a forecast that no longer fits says nothing
        (False, None, True, True),
    ],
)
def test_what_a_detector_younger_than_a_day_finds_new_does_not_count_where_the_forecast_finds_it_usual(
    knows_a_day: bool, forecast: float | None, believed: bool, counts: bool
) -> None:
    look = Look(channel="value", usual=0.001, sigma=9.0, knows_a_day=knows_a_day)
    expected = None if forecast is None else Deviation(expected=0.002, scale=0.005, sigma=forecast)
    assert sign(ERRORS, NOON, 0.03, look, expected, believed=believed).novelty == (9.0 if counts else 0.0)


MEMORY = ERRORS.model_copy(update={"name": "memory", "kind": "memory"})
FEWER = ERRORS.model_copy(update={"name": "connections", "kind": "connections", "harmful": "down"})


@pytest.mark.parametrize(
    ("expression", "value", "lately", "by_forecast", "climb", "look"),
    [
        (ERRORS, 120.0, 110.0, 2.0, 0.0, "forecast"),  # as much too high as it was
        (ERRORS, 120.0, 80.0, 4.0, 0.0, "corrected forecast"),  # it was too low until now
        (ERRORS, 100.0, 60.0, 0.0, 0.0, "forecast"),  # it comes back from a better value to what is expected
        (RATE, 80.0, 120.0, 4.0, 0.0, "corrected forecast"),
        (RATE, 100.0, 140.0, 0.0, 0.0, "forecast"),
        (MEMORY, 120.0, 110.0, 2.0, 3.5, "climb"),
        (MEMORY, 99.0, 70.0, 0.0, 0.0, "forecast"),  # filling again, after a deployment
        (FEWER, 120.0, 110.0, 0.0, 0.0, "forecast"),
    ],
)
def test_what_the_forecast_was_off_by_lately_counts_beyond_what_it_expects_itself(
    expression: Expression, value: float, lately: float, by_forecast: float, climb: float, look: str
) -> None:
    corrected = Deviation(expected=lately, scale=10.0, sigma=abs(value - lately) / 10)
    expected = Deviation(expected=100.0, scale=10.0, sigma=abs(value - 100) / 10, corrected=corrected, climb=3.5)
    found = sign(expression, NOON, value, None, expected, believed=True)
    assert (found.by_forecast, found.climb, found.look) == (by_forecast, climb, look)
    assert found.sigma == max(by_forecast, climb)
    assert found.usual == (100.0 if look == "forecast" else lately)
    assert sign(expression, NOON, value, None, expected, believed=False).sigma == 0


@pytest.mark.parametrize(("climb", "opens"), [(3.0, True), (2.9, False)])
def test_one_sample_of_a_steady_climb_is_enough_as_it_is_made_of_ten(climb: float, opens: bool) -> None:
    steady = Sign(at=NOON, value=0.03, usual=0.001, sigma=climb, by_forecast=2.0, climb=climb)
    for before in (KNOWN, after((240, 0.03))):
        found = verdict(stands(steady, before=before))
        assert (found.anomaly is not None) is opens, "nor is it a pause, whatever those before were like"
        assert found.anomaly is None or "it climbs steadily" in found.anomaly.title


def test_forecast_and_streaming_detector_are_each_other_s_witness_and_the_reason_says_who_saw_it() -> None:
    both = verdict(stands(*(sample(n, novelty=4.0, forecast=4.0) for n in range(3))))
    assert both.anomaly is not None
    assert "forecast and streaming detector agree" in both.anomaly.title
    assert verdict(stands(*(sample(n, novelty=3.1, forecast=3.1) for n in range(2)))).anomaly is not None
    for first, second in (((4.0, 4.0), (4.0, 0.0)), ((4.0, 0.0), (0.0, 4.0)), ((4.0, 4.0), (0.0, 0.0))):
        apart = stands(*(sample(n, novelty=by, forecast=own) for n, (by, own) in enumerate((first, second))))
        assert verdict(apart).anomaly is None, "one sample in which both agree is no two"
    for novelty, forecast in ((4.0, 1.0), (0.0, 4.0)):
        alone = stands(*(sample(n, novelty=novelty, forecast=forecast) for n in range(5)))
        assert "no second witness" in verdict(alone).reason
    assert "seen by the forecast" in verdict(stands(*(sample(n, forecast=7.0) for n in range(5)))).reason
    assert "seen by the streaming detector" in verdict(stands(*(sample(n, novelty=7.0) for n in range(3)))).reason


def after(*spells: tuple[float, float]) -> Standing:
    """Known for a week, in which it got over spells of (seconds, height in its unit) by itself, an hour apart."""
    found = KNOWN
    for number, (lasted, height) in enumerate(spells):
        begin = NOON - timedelta(hours=len(spells) - number)
        at, calm = [begin + timedelta(seconds=n) for n in range(0, int(lasted) + 1, 15)], begin + timedelta(minutes=30)
        values = [
            *((moment, 0.001 + height, 9.0) for moment in at),
            *((calm + n * A_MINUTE, 0.001, 0.0) for n in range(5)),
        ]
        for moment, value, sigma in values:
            found = found.with_sign(Sign(at=moment, value=value, usual=0.001, sigma=sigma, novelty=sigma))
    return found


def told_after(before: Standing, height: float, begin: datetime = NOON) -> float | None:
    """Seconds from the first strange sample, at `begin`, until it is told; None: not within ten minutes."""
    now = before
    for n in range(41):
        at = begin + timedelta(seconds=15 * n)
        now = now.with_sign(Sign(at=at, value=0.001 + height, usual=0.001, sigma=9.0, novelty=9.0))
        if decide(SERIES, now, {}, at).anomaly is not None:
            return 15.0 * n
    return None


@pytest.mark.parametrize(
    ("spells", "height", "seconds"),
    [
        ((), 0.03, 15),
        (((60, 0.03),), 0.03, 90),  # half as long again as the minute that it got over
        (((60, 0.03), (30, 0.03)), 0.03, 90),
        (((30, 0.03), (60, 0.03), (90, 0.02)), 0.03, 135),
        (((60, 0.014),), 0.03, 15),  # what it got over was not nearly as far out
        (((60, 0.016),), 0.03, 90),
        (((15, 0.03),), 0.03, 30),  # two samples so far out are a spell
        (((0, 0.03),), 0.03, 15),  # one is none
        (((240, 0.03),), 0.03, 300),  # five minutes of anything are told
        (((600, 0.03),), 0.03, 15),  # ten minutes were no pause
        (((60, 0.03),), 0.06, 15),  # beyond its bound: what people call broken waits for nothing
    ],
)
def test_what_a_series_often_gets_over_by_itself_is_told_when_it_outlasts_that(
    spells: tuple[tuple[float, float], ...], height: float, seconds: float
) -> None:
    assert told_after(after(*spells), height) == seconds


def test_what_it_got_over_is_forgotten_after_a_week() -> None:
    before, week = after((60, 0.03)), timedelta(days=7)
    assert told_after(before, 0.03, NOON + week - 2 * timedelta(hours=1)) == 90
    assert told_after(before, 0.03, NOON + week) == 15


def test_where_another_expression_of_the_service_is_reported_nothing_waits() -> None:
    paused = after((60, 0.03))
    for n in range(3):
        at = NOON + timedelta(seconds=15 * n)
        paused = paused.with_sign(Sign(at=at, value=0.031, usual=0.001, sigma=9.0, novelty=9.0))
    strange = standing(9.0, 9.0, 9.0)
    assert verdict(paused, {"latency p95": strange}).anomaly is None
    reported = strange.model_copy(update={"since": NOON})
    assert verdict(paused, {"latency p95": reported}).anomaly is not None
    assert verdict(paused, {"error ratio": reported}).anomaly is None, "itself is no other"


def test_a_pause_of_another_expression_is_no_witness_until_it_outlasts_those_before() -> None:
    weak, lasting = standing(4.0, 4.0, 4.0), after((60, 0.03))
    for n in range(7):
        at = NOON + timedelta(seconds=15 * n)
        lasting = lasting.with_sign(Sign(at=at, value=0.031, usual=0.001, sigma=9.0, novelty=9.0))
        assert (verdict(weak, {"latency p95": lasting}).anomaly is not None) is (n >= 6)


@pytest.mark.parametrize(("strange", "next_one"), [(5, 90), (10, 210), (21, 300), (22, 15), (60, 15)])
def test_what_was_told_and_was_over_within_five_minutes_is_a_pause_the_next_time(strange: int, next_one: float) -> None:
    now, told = KNOWN, 0
    for n in range(strange + 8):
        at = NOON + timedelta(seconds=15 * n)
        sigma = 9.0 if n < strange else 0.0
        seen = Sign(at=at, value=0.031, usual=0.001, sigma=sigma, novelty=sigma)
        found = decide(SERIES, now.with_sign(seen), {}, at)
        now, told = found.standing, told + (found.anomaly is not None)
    assert (told, now.since, now.spell) == (2, None, None)
    assert told_after(now, 0.03, NOON + timedelta(hours=1)) == next_one


@pytest.mark.parametrize(("kind", "days"), [("latency", 7), ("errors", 1), ("load", 1), ("memory", 1), ("cpu", 1)])
def test_until_it_was_watched_for_a_day_and_latency_for_a_week_a_pause_of_a_minute_is_nothing_unless_it_is_broken(
    kind: MetricKind, days: int
) -> None:
    known, hour = NOON - timedelta(days=days), timedelta(hours=1)
    young, old = (Standing(judged_since=since, known_after=known_after(kind)) for since in (known + hour, known))
    assert told_after(young, 0.03) == 90
    assert told_after(young, 0.06) == 15
    assert told_after(old, 0.03) == 15
    assert (
        "told when it lasts for 90 s"
        in verdict(stands(*(sample(n, novelty=9.0) for n in range(3)), before=young)).reason
    )


@given(st.lists(st.floats(0, 12), max_size=300))
def test_what_is_remembered_of_spells_is_bounded_and_none_covers_another(sigmas: list[float]) -> None:
    now = KNOWN
    for n, sigma in enumerate(sigmas):
        at = NOON + timedelta(seconds=15 * n)
        now = now.with_sign(Sign(at=at, value=sigma, usual=0.0, sigma=sigma))
    kept = now.got_over
    assert len(kept) <= 16
    assert not any(later.covers(one) for n, one in enumerate(kept) for later in kept[n + 1 :])
    assert now.spell is None or now.spell.since >= NOON


def test_a_forecast_that_is_wrong_for_six_hours_is_not_believed_until_it_is_right_again() -> None:
    missed = stands(sample(0, forecast=9.0), sample(1, forecast=9.0))
    hours = timedelta(hours=6)
    assert missed.fits(NOON + hours)
    assert not missed.fits(NOON + hours + timedelta(seconds=1))
    right = missed.with_sign(sample(2, forecast=2.9))
    assert right.fits(NOON + 2 * hours)
