"""Sightings of one series may arrive late, twice or in the wrong order; what is kept is always the same."""

from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.anomaly import AlertStatus, Anomaly, latest
from tests.unit.domain.examples import NOW, anomaly, minutes, rows

FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED


def _at(start: float, seen: float, status: AlertStatus = FIRING) -> Anomaly:
    return anomaly(starts_at=NOW + minutes(start), seen_at=NOW + minutes(seen), status=status)


@dataclass(frozen=True)
class Case:
    name: str
    known: Anomaly | None
    seen: Anomaly
    kept: str


CASES = (
    Case("the first sighting is kept", None, _at(0, 1), "seen"),
    Case("a firing seen again is kept as seen last", _at(0, 1), _at(0, 2), "seen"),
    Case("a resolved one ends the episode", _at(0, 1), _at(0, 2, RESOLVED), "seen"),
    Case("a resolved one that we saw earlier than the firing still ends it", _at(0, 2), _at(0, 1, RESOLVED), "seen"),
    Case("a firing that arrives after its resolved is stale", _at(0, 1, RESOLVED), _at(0, 2), "known"),
    Case("a later start is a new episode", _at(0, 1, RESOLVED), _at(5, 6), "seen"),
    Case("a firing of an earlier episode is old", _at(5, 6), _at(0, 7), "known"),
    Case("a resolved of an earlier episode ends nothing", _at(5, 6), _at(0, 7, RESOLVED), "known"),
    Case("the very same again is nothing new", _at(0, 1), _at(0, 1), "known"),
)


@pytest.mark.parametrize("case", rows(CASES))
def test_latest(case: Case) -> None:
    assert latest(case.known, case.seen) is (case.seen if case.kept == "seen" else case.known)


SIGHTINGS = st.builds(
    anomaly,
    starts_at=st.integers(0, 2).map(lambda n: NOW + timedelta(minutes=n)),
    seen_at=st.integers(0, 3).map(lambda n: NOW + timedelta(minutes=n)),
    status=st.sampled_from(AlertStatus),
    title=st.sampled_from(["high", "higher"]),
    actual=st.none() | st.sampled_from([0.1, 0.2]),
)


@given(st.lists(SIGHTINGS, min_size=1, max_size=8), st.randoms())
def test_whatever_the_order_of_arrival_the_final_state_is_the_same(seen: list[Anomaly], random: Random) -> None:
    shuffled = list(seen)
    random.shuffle(shuffled)
    nothing: Anomaly | None = None
    assert reduce(latest, shuffled, nothing) == reduce(latest, seen, nothing)


@given(st.lists(SIGHTINGS, min_size=1, max_size=8))
def test_the_state_is_that_of_the_last_episode_and_resolved_is_final_in_it(seen: list[Anomaly]) -> None:
    nothing: Anomaly | None = None
    kept = reduce(latest, seen, nothing)
    last = max(a.starts_at for a in seen)
    assert kept is not None
    assert kept.starts_at == last
    assert kept.firing == all(a.firing for a in seen if a.starts_at == last)


def test_the_series_is_the_same_across_sightings_and_differs_by_source() -> None:
    assert _at(0, 1).series == _at(5, 9, RESOLVED).series
    assert anomaly(source="datadog").series != anomaly(source="alertmanager").series
