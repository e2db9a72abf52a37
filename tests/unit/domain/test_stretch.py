"""Since when it is as it is now."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.anomaly import AlertStatus, Anomaly
from domain.stretch import stretch_start
from tests.unit.domain.examples import NOW, anomaly, minutes

Span = tuple[float, float | None]
"""Minutes after noon; an end of None: it fires."""


def _alert(span: Span) -> Anomaly:
    start, end = span
    firing = {"status": AlertStatus.FIRING} if end is None else {
        "status": AlertStatus.RESOLVED, "ends_at": NOW + minutes(end),
    }  # fmt: skip
    return anomaly(starts_at=NOW + minutes(start), seen_at=NOW + minutes(60), **firing)


@pytest.mark.parametrize(
    ("said", "spans", "since"),
    [
        ("one that fires", [(0, None)], 0),
        ("one that was over three minutes before", [(-12, -3), (0, None)], 0),
        ("a precursor that ended within the minute before", [(-4, -0.5), (0, None)], -4),
        ("one that overlaps", [(-9, 0.5), (0, 5)], -9),
        ("of several that are over the last stretch", [(-30, -20), (-10, -5), (-6, -2)], -10),
        ("what fires parts nothing, however long ago another one began", [(-40, None), (0, 1), (30, None)], -40),
        ("a short one within a long one ends no stretch", [(-9, 20), (-8, -7), (0, None)], -9),
    ],
)
def test_a_stretch_goes_back_as_far_as_something_fired_without_a_gap(
    said: str, spans: list[Span], since: float
) -> None:
    assert stretch_start(map(_alert, spans)) == NOW + minutes(since), said


def test_without_an_alert_there_is_none() -> None:
    assert stretch_start([]) is None


def test_an_end_that_nobody_told_may_have_lasted_until_it_was_seen() -> None:
    over = _alert((-9, -5)).model_copy(update={"ends_at": None})
    assert stretch_start([over, _alert((0, None))]) == NOW - minutes(9)


SPANS = st.tuples(st.integers(-20, 0), st.none() | st.integers(1, 20)).map(
    lambda drawn: (float(drawn[0]), None if drawn[1] is None else float(drawn[0] + drawn[1]))
)


@given(st.lists(SPANS, min_size=1, max_size=8))
def test_it_begins_with_an_alert_and_before_it_was_a_gap_in_which_none_fired(spans: list[Span]) -> None:
    since = stretch_start(map(_alert, spans))
    assert since is not None
    assert since in [NOW + minutes(start) for start, _ in spans]
    before = [end for start, end in spans if NOW + minutes(start) < since]
    assert all(end is not None and NOW + minutes(end + 1) < since for end in before)
    inside = [start for start, _ in spans if NOW + minutes(start) > since]
    gaps = [s for s in inside if all(a >= s or (b is not None and b + 1 < s) for a, b in spans)]
    assert gaps == [], "nothing parts it after its start"
