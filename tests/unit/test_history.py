"""The made-up history is one that the shop could have left: counters that only rise, and rates that meet the load."""

import io
from itertools import pairwise

import numpy as np
import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families,  # pyright: ignore[reportUnknownVariableType]
)
from prometheus_client.samples import Sample

from rig.history.backfill import pieces, write_openmetrics
from rig.history.series import Series, all_series
from rig.history.traffic import Traffic, daily_factor, make_traffic, sample_times
from rig.shop.load import REQUESTS_PER_SECOND

END = 1_790_000_000.0
HOURS = 30.0


def history(seed: int = 1, hours: float = HOURS) -> tuple[Traffic, list[Series]]:
    rng = np.random.default_rng(seed)
    traffic = make_traffic(rng, END, hours)
    return traffic, list(all_series(rng, traffic))


def samples(text: str) -> list[Sample]:
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def find(series: list[Series], name: str, **labels: str) -> Series:
    (found,) = [one for one in series if one.name == name and labels.items() <= one.labels.items()]
    return found


@pytest.mark.parametrize("seed", range(5))
def test_no_counter_ever_falls(seed: int) -> None:
    _, series = history(seed, hours=5)
    falling = [one.name for one in series if one.kind != "gauge" and np.any(np.diff(one.values) < 0)]
    assert not falling


def test_the_same_seed_and_end_give_the_same_history_and_another_seed_another() -> None:
    def values(seed: int) -> list[list[float]]:
        return [one.values.tolist() for one in history(seed, hours=1)[1]]

    assert values(3) == values(3)
    assert values(3) != values(4)


def test_the_last_hour_has_the_rate_of_the_live_load() -> None:
    traffic, series = history()
    last_hour = traffic.times >= END - 3600
    total = sum(
        np.ptp(one.values[last_hour])
        for one in series
        if one.name == "http_requests_total" and one.labels["service"] == "gateway"
    )
    expected = REQUESTS_PER_SECOND * 3600 * daily_factor(traffic.times[last_hour], END).mean()
    assert total == pytest.approx(expected, rel=0.02)
    assert daily_factor(np.array([END]), END) == pytest.approx(1.0)


def test_the_day_has_a_curve() -> None:
    day = daily_factor(np.arange(END - 86_400, END, 600.0), END)
    assert day.max() / day.min() == pytest.approx(1.35 / 0.65, rel=0.01)


def test_samples_are_dense_at_the_end_and_never_go_back() -> None:
    steps = np.diff(sample_times(END, HOURS))
    assert set(steps.tolist()) == {30.0, 15.0}
    assert np.all(steps[-480:] == 15.0)
    assert sample_times(END, HOURS)[[0, -1]].tolist() == [END - HOURS * 3600, END]


def test_a_history_shorter_than_its_dense_part_is_dense_throughout() -> None:
    assert sample_times(END, 1.0).tolist() == np.arange(END - 3600, END + 1, 15.0).tolist()


def test_every_call_that_the_gateway_passes_on_arrives() -> None:
    _, series = history()

    def requests(service: str, route: str, code: str) -> list[float]:
        return find(series, "http_requests_total", service=service, route=route, code=code).values.tolist()

    assert requests("gateway", "GET /orders", "200") == requests("orders", "GET /orders", "200")
    assert requests("gateway", "POST /orders", "201") == requests("orders", "POST /orders", "201")
    assert requests("gateway", "GET /catalogue", "200") == requests("catalogue", "GET /products", "200")


def test_a_histogram_adds_up_to_the_requests_it_describes() -> None:
    _, series = history()
    labels = {"service": "orders", "route": "GET /orders"}
    buckets = [
        one
        for one in series
        if one.name == "http_request_duration_seconds_bucket" and labels.items() <= one.labels.items()
    ]
    assert all(np.all(low.values <= high.values) for low, high in pairwise(buckets))
    count = find(series, "http_request_duration_seconds_count", **labels).values.tolist()
    assert buckets[-1].labels["le"] == "+Inf"
    assert buckets[-1].values.tolist() == count
    assert count == find(series, "http_requests_total", code="200", **labels).values.tolist()


def test_the_mean_duration_is_between_the_bounds_that_hold_most_requests() -> None:
    _, series = history()
    labels = {"service": "gateway", "route": "GET /orders"}
    seconds = find(series, "http_request_duration_seconds_sum", **labels).values[-1]
    count = find(series, "http_request_duration_seconds_count", **labels).values[-1]
    assert 0.01 < seconds / count < 0.025


def test_nobody_failed_in_the_past() -> None:
    _, series = history()
    errors = [one for one in series if one.labels.get("code", "") >= "500"]
    assert errors
    assert not any(one.values.any() for one in errors)


@pytest.mark.parametrize("hours", [0.5, 6.0, 30.0, 72.0])
def test_the_pieces_hold_each_sample_once_in_order(hours: float) -> None:
    times = sample_times(END, hours)
    assert np.concatenate([times[piece] for piece in pieces(times)]).tolist() == times.tolist()


def test_the_text_is_openmetrics_with_every_sample() -> None:
    traffic, series = history(hours=0.1)
    for number, moment in enumerate(traffic.times.tolist()):  # this parser takes one time per histogram only
        text = io.StringIO()
        write_openmetrics(text, series, traffic.times, slice(number, number + 1))
        read = samples(text.getvalue())
        assert len(read) == len(series)
        assert {float(sample.timestamp or 0) for sample in read} == {moment}


def test_within_a_histogram_all_buckets_of_one_time_come_before_the_next_time() -> None:
    traffic, series = history(hours=0.1)
    text = io.StringIO()
    write_openmetrics(text, series, traffic.times, slice(None))
    lines = [line for line in text.getvalue().splitlines() if "duration_seconds" in line and '/products"' in line]
    stamps = [float(line.rsplit(" ", 1)[1]) for line in lines]
    assert len(stamps) == 12 * len(traffic.times)
    assert stamps == sorted(stamps)
