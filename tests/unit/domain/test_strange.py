"""What is strange is so by three of five samples, two that leave less doubt, or a climb, whatever is asked first."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.series import ALONE, Standing
from domain.sign import Sign

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
sigmas = st.sampled_from([0.0, 2.9, 3.0, 3.5, 4.0, 6.0, 12.0])
saying = st.lists(st.tuples(sigmas, sigmas, sigmas), max_size=8)


def signs(said: list[tuple[float, float, float]]) -> list[Sign]:
    return [
        Sign(
            at=NOON + timedelta(minutes=n), value=9.0, usual=1.0, sigma=max(novelty, forecast, climb),
            novelty=novelty, by_forecast=forecast, climb=climb,
        )
        for n, (novelty, forecast, climb) in enumerate(said)
    ]  # fmt: skip


@given(saying, st.sampled_from([3.0, 3.2, 5.0]))
def test_a_series_is_strange_exactly_when_one_of_its_rules_says_so(
    said: list[tuple[float, float, float]], threshold: float
) -> None:
    standing = Standing(threshold=threshold)
    for one in signs(said):
        standing = standing.with_sign(one)
    last = signs(said)[-5:]
    three = sum(one.sigma >= threshold for one in last) >= 3
    climbs = bool(last) and last[-1].climb >= threshold
    pairs = any(
        (min(a.sigma, b.sigma) >= threshold and max(a.sigma, b.sigma) > ALONE)
        or min(a.novelty, a.by_forecast, b.novelty, b.by_forecast) >= threshold
        for a, b in pairwise(last)
    )
    assert standing.strange == (three or climbs or pairs)
