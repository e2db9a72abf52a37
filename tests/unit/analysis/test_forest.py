"""The forest of a service: which rows it learns, that the same rows are the same forest, what it makes of a moment."""

import math
import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.forecasting.history import NotReady
from analysis.forest.fitting import Grown, Verdict, judge
from analysis.forest.grouping import together
from analysis.forest.matrix import Aligned, Column, align, column
from analysis.forest.moments import Absent, Moments, moments
from analysis.forest.sealing import Matrix, Refused, opened, sealed, versions
from analysis.forest.wording import sentence
from analysis.series import Floats
from domain.forest import LEAST_ROWS, MOST_FEATURES, Feature, Forest

NOW = 1_800_000_000.0
DAY = 86_400.0
AT = datetime.fromtimestamp(NOW, UTC)


def feature(name: str) -> Feature:
    return Feature(key=name, service="orders", expression=name, query=f"q({name})", unit="1")


def series(name: str, days: float, step: float = 600.0, value: float | None = None) -> Column:
    """A day's wave up to now; `value`: the same all the time."""
    last = NOW // step * step
    times = np.arange(last - days * DAY, last, step)
    points = [(float(at), 10 + 5 * math.cos(at / DAY * 2 * math.pi) if value is None else value) for at in times]
    return column(feature(name), "latency", 0.1, points, (), NOW)


def aligned(*columns: Column) -> Aligned:
    found = align(columns)
    assert isinstance(found, Aligned), found
    return found


def day_and_night(rows: int = 2_000) -> Matrix:
    """Requests and latency rise and fall together, memory by itself."""
    chance, features = np.random.default_rng(1), tuple(feature(name) for name in ("latency", "memory", "rate"))
    day = np.cos(chance.uniform(0, 2 * math.pi, rows))
    latency, rate = 0.2 + 0.1 * day + chance.normal(0, 0.01, rows), 20 + 10 * day + chance.normal(0, 1, rows)
    matrix = np.stack([latency, chance.normal(1e8, 1e6, rows), rate], axis=1)
    return seal(features, matrix)


def seal(features: tuple[Feature, ...], rows: np.ndarray) -> Matrix:
    found = opened(kept(features, rows))
    assert isinstance(found, Matrix), found
    return found


def kept(features: tuple[Feature, ...], rows: np.ndarray) -> Forest:
    empty = Forest(
        service="orders", versions=versions(), queries=("q",), trained_at=AT, again_at=AT + timedelta(hours=24)
    )
    return sealed(empty, features, np.arange(len(rows)) * 600, rows)


def verdict(matrix: Matrix, *rows: tuple[float, ...]) -> Verdict:
    return judge(matrix, np.arange(len(rows)), np.array(rows))


# -- rows ----------------------------------------------------------------------------------------------------------


def test_a_row_needs_every_feature_and_what_never_moves_is_none() -> None:
    latency, rate, flat = series("latency", 5), series("rate", 4), series("up", 5, value=1.0)
    found = aligned(latency, rate, flat)
    assert [one.expression for one in found.features] == ["latency", "rate"]
    assert found.times.tolist() == rate.times.tolist()
    assert found.left_out == ("up: never moved by more than its floor",)


def test_one_young_series_does_not_cost_the_others_their_month() -> None:
    found = aligned(series("latency", 30), series("rate", 30), series("new", 1.5, step=60))
    assert [one.expression for one in found.features] == ["latency", "rate"]
    assert found.times[-1] - found.times[0] > 29 * DAY
    younger = aligned(series("latency", 4), series("rate", 4), series("new", 1.2, step=60))
    assert [one.expression for one in younger.features] == ["latency", "rate"], "though it has more samples than they"
    young = aligned(series("latency", 2, step=60), series("rate", 2, step=60), series("up", 30))
    assert len(young.features) == 2
    assert np.diff(young.times).max() == 60, "a month of one series is no pattern, two days of two are"


@pytest.mark.parametrize(
    ("columns", "reason", "ready_s"),
    [
        ([series("latency", 30)], "1 of 2 series that move", None),
        ([series("latency", 30), series("up", 30, value=1.0)], "1 of 2 series that move (up: never moved", None),
        # Those of a day less the newest half hour: 256 are there after another 19 hours.
        ([series("latency", 1), series("rate", 1)], "142 of 256 rows, 23.5 of 24 h", 114 * 600),
        ([series("latency", 0.5, step=60), series("rate", 0.5, step=60)], "691 of 256 rows, 11.5 of 24 h", DAY / 2),
    ],
)
def test_what_is_not_ready_says_why_and_when(columns: list[Column], reason: str, ready_s: float | None) -> None:
    found = align(columns)
    assert isinstance(found, NotReady)
    assert found.reason.startswith(reason)
    assert found.at is None if ready_s is None else found.at == pytest.approx(NOW + ready_s, abs=1_800)


def test_incidents_the_newest_half_hour_and_what_is_no_number_are_not_learnt() -> None:
    points = [(NOW - n * 600, 1.0 + n % 7 if n % 5 else math.nan) for n in range(5_000)]
    found = column(feature("rate"), "load", 0.1, points, [(NOW - 3 * DAY, NOW - 2 * DAY)], NOW)
    assert np.isfinite(found.values).all()
    assert found.times[-1] <= NOW - 1_800
    assert found.times[0] >= NOW - 30 * DAY
    assert not ((found.times >= NOW - 3 * DAY) & (found.times <= NOW - 2 * DAY)).any()


def member(name: str, days: float, series: int = 2) -> Matrix:
    """The rows of a service of its own, up to now."""
    times = np.arange(NOW - days * DAY, NOW, 600.0, dtype=np.float64).astype(np.int64)
    rows = np.random.default_rng(len(name)).normal(size=(times.size, series))
    features = tuple(feature(f"{name} {n}").model_copy(update={"service": name}) for n in range(series))
    return Matrix(name, features, times, rows)


def test_a_group_is_the_rows_of_its_services_side_by_side() -> None:
    head, near = member("gateway", 5), member("orders", 4, series=3)
    found = together([("gateway", head), ("orders", near), ("ledger", "it has no forest")])
    assert isinstance(found, Aligned)
    assert found.features == (*head.features, *near.features)
    assert found.times.tolist() == near.times.tolist()
    assert (found.rows[:, 2:] == near.rows).all()
    assert (found.rows[:, :2] == head.rows[-near.times.size :]).all()
    assert found.left_out == ("ledger: it has no forest",)


def test_who_is_young_or_does_not_fit_costs_a_group_neither_its_month_nor_its_limit() -> None:
    found = together(
        [("gateway", member("gateway", 30)), ("new", member("new", 3)), ("many", member("many", 30, MOST_FEATURES)),
         ("orders", member("orders", 30))]
    )  # fmt: skip
    assert isinstance(found, Aligned)
    assert {one.service for one in found.features} == {"gateway", "orders"}
    assert found.left_out == (
        "new: too many gaps, or too young", f"many: with its series there would be 34, more than {MOST_FEATURES}",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("head", "other", "reason"),
    [
        ("it has no forest", member("orders", 5), "gateway: it has no forest"),
        (member("gateway", 5), "it has no forest", "none that gateway depends on can join it"),
        (member("gateway", 1), member("orders", 1), "144 of 256 rows"),
    ],
)
def test_a_group_that_is_not_ready_says_why(head: Matrix | str, other: Matrix | str, reason: str) -> None:
    found = together([("gateway", head), ("orders", other)])
    assert isinstance(found, NotReady)
    assert found.reason.startswith(reason)


def test_a_service_with_many_series_stays_small() -> None:
    found = aligned(*(series(f"route {n:02}", 3) for n in range(40)))
    assert len(found.features) == MOST_FEATURES


@given(st.lists(st.tuples(st.integers(250, 600), st.integers(0, 2**32 - 1)), min_size=2, max_size=4), st.randoms())
def test_rows_are_what_the_series_said_at_that_moment_whatever_the_order_of_the_series(
    drawn: list[tuple[int, int]], order: random.Random
) -> None:
    columns: list[Column] = []
    for n, (size, seed) in enumerate(drawn):
        times = np.sort(np.random.default_rng(seed).permutation(600)[:size]) * 600
        values: Floats = (np.sin(times * (n + 1)) + times % 7).astype(np.float64)
        columns.append(Column(feature(f"{n}"), "load", 0.1, times, values))
    found, shuffled = align(columns), align(order.sample(columns, len(columns)))
    if isinstance(found, NotReady) or isinstance(shuffled, NotReady):
        assert found == shuffled
        return
    assert (found.rows == shuffled.rows).all()
    assert (found.times == shuffled.times).all()
    assert found.rows.shape == (found.times.size, len(found.features))
    assert found.times.size >= LEAST_ROWS
    assert (np.diff(found.times) > 0).all()
    by_key = {c.feature.key: dict(zip(c.times.tolist(), c.values.tolist(), strict=True)) for c in columns}
    for n, one in enumerate(found.features):
        assert found.rows[:, n].tolist() == [by_key[one.key][at] for at in found.times.tolist()]


# -- sealing -------------------------------------------------------------------------------------------------------


def test_what_was_sealed_opens_as_it_was() -> None:
    rows = np.array([[1.0, 2.5], [3.0, 4.0]])
    found = seal((feature("a"), feature("b")), rows)
    assert found.rows.tolist() == rows.tolist()
    assert found.times.tolist() == [0, 600]


@pytest.mark.parametrize(
    "change",
    [
        {"matrix": b"\x01" + b"\x00" * 15},
        {"times": b"\x01" + b"\x00" * 15},
        {"service": "ledger"},
        {"features": (feature("a"), feature("c"))},
        {"checksum": ""},
        {"versions": "rows-1, scikit-learn 0.1, numpy 1.0"},
        {"versions": versions() + " "},
    ],
)
def test_what_was_changed_is_refused(change: dict[str, object]) -> None:
    forest = kept((feature("a"), feature("b")), np.array([[0.0, 0.0], [0.0, 0.0]]))
    assert isinstance(opened(forest), Matrix)
    assert isinstance(opened(forest.model_copy(update=change)), Refused)


@given(st.integers(0, 15), st.integers(1, 255), st.sampled_from(["matrix", "times"]))
def test_one_wrong_byte_is_enough(place: int, by: int, where: str) -> None:
    forest = kept((feature("a"), feature("b")), np.array([[1.0, 2.0], [3.0, 4.0]]))
    whole = bytearray(getattr(forest, where))
    whole[place] ^= by
    found = opened(forest.model_copy(update={where: bytes(whole)}))
    assert isinstance(found, Refused)
    assert "checksum" in found.reason


def test_rows_that_are_none_are_refused_though_their_checksum_is_right() -> None:
    assert isinstance(opened(kept((feature("a"), feature("b")), np.array([[1.0, math.nan]]))), Refused)
    assert isinstance(opened(kept((feature("a"),), np.array([[1.0]]))), Refused)


# -- the forest ----------------------------------------------------------------------------------------------------


def fingerprint(matrix: Matrix) -> str:
    """The scores of a thousand places, to the last bit."""
    places = np.random.default_rng(2).uniform([0, 9e7, 0], [0.5, 1.1e8, 40], size=(1_000, 3))
    return Grown(matrix).scores(places).tobytes().hex()


def test_the_same_rows_are_the_same_forest() -> None:
    """In another process too: tests/adapters/test_training.py."""
    here = fingerprint(day_and_night())
    assert fingerprint(day_and_night()) == here
    assert fingerprint(day_and_night(rows=1_999)) != here, "other rows are another forest"


def test_one_in_a_hundred_of_its_own_rows_is_unusual() -> None:
    matrix = day_and_night()
    assert (Grown(matrix).scores(matrix.rows) < 0).mean() == pytest.approx(0.01, abs=0.002)


def test_values_that_are_usual_by_themselves_can_be_unusual_together() -> None:
    three = day_and_night()
    matrix = seal(three.features[::2], three.rows[:, ::2])
    assert not verdict(matrix, (0.1, 10.0)).is_anomaly
    assert not verdict(matrix, (0.3, 30.0)).is_anomaly
    slow_at_night = verdict(matrix, (0.3, 10.0))
    assert slow_at_night.is_anomaly
    assert sentence(slow_at_night) == "rate and latency are unusual together (forest -0.05, none of them alone)"


def test_a_feature_contributes_if_the_moment_were_more_usual_by_a_tenth_with_its_mean() -> None:
    matrix = day_and_night()
    found = verdict(matrix, (0.4, 2e8, 20.0))
    assert found.is_anomaly
    assert [part.feature.expression for part in found.contributing] == ["memory"]
    assert [part.feature.expression for part in found.parts] == ["memory", "latency", "rate"], "ranked"
    (memory,) = found.contributing
    assert memory.mean == pytest.approx(matrix.rows[:, 1].mean())
    with_mean = Grown(matrix).scores(np.array([(0.4, memory.mean, 20.0)]))[0]
    assert memory.rise == pytest.approx(with_mean - found.score)
    said = sentence(found)
    assert said == "memory and latency are unusual together (forest -0.08, mostly memory 2e+08 1, on average 1e+08)"


def test_far_out_in_one_of_several_is_not_enough_for_it() -> None:
    """A limit of the method, and why it is evidence only: each tree asks about each feature now and then."""
    assert not verdict(day_and_night(), (0.2, 2e8, 20.0)).is_anomaly


def test_one_odd_sample_is_none() -> None:
    usual, odd = (0.2, 1e8, 20.0), (0.5, 2e8, 0.0)
    matrix = day_and_night()
    assert not verdict(matrix, odd, usual, usual).is_anomaly
    found = verdict(matrix, usual, odd, odd)
    assert found.is_anomaly
    assert found.at in {1, 2}


# -- moments -------------------------------------------------------------------------------------------------------


def test_a_moment_has_a_value_of_every_feature_or_it_is_said_which_one_is_absent() -> None:
    a, b = feature("a"), feature("b")
    found = moments((a, b), {"a": [(0.0, 1.0), (5.0, 2.0), (10.0, math.nan)], "b": [(5.0, 3.0), (10.0, 4.0)]})
    assert isinstance(found, Moments)
    assert (found.times.tolist(), found.rows.tolist()) == ([5], [[2.0, 3.0]])
    assert moments((a, b), {"a": [(0.0, 1.0)], "b": [(0.0, math.inf)]}) == Absent((b,))
    assert moments((a, b), {"a": [(0.0, 1.0)], "b": [(5.0, 1.0)]}) == Absent(())
