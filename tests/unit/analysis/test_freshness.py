"""What has stopped explains the present only a quarter as well."""

from datetime import UTC, datetime, timedelta

import pytest

from analysis.freshness import STOPPED, freshness

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lasted_s", "count", "silent_s", "stopped"),
    [
        (60, 100, 0, False),
        (60, 100, 60, False),
        (60, 100, 61, True),
        (600, 11, 299, False),
        (600, 11, 301, True),
        (0, 1, 59, False),
        (0, 1, 61, True),
    ],
)
def test_a_silence_counts_when_it_is_longer_than_a_minute_and_than_five_usual_gaps(
    lasted_s: float, count: float, silent_s: float, stopped: bool
) -> None:
    last = NOON + timedelta(seconds=lasted_s)
    assert (freshness(NOON, last, count, last + timedelta(seconds=silent_s)) == STOPPED) is stopped
