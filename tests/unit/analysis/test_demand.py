"""How many times as often as usual requests come in, by the lines that a service writes of them."""

import pytest

from analysis.demand import Stretch, factor, strength, stretch

CALM = stretch(1200, 600, ["GET answered"] * 9 + ["POST answered"])
SILENT = stretch(0, 600, [])


@pytest.mark.parametrize(
    ("now", "calm", "times"),
    [
        pytest.param(Stretch(240, 120, CALM.sample), [CALM] * 3, 1.0, id="as always"),
        pytest.param(Stretch(3600, 120, CALM.sample), [CALM] * 3, 15.0, id="fifteen times as many of each"),
        pytest.param(
            Stretch(3600, 120, {"GET answered": 12, "POST answered": 1, "retrying": 187}), [CALM] * 3, 1.0,
            id="a template that nobody knows bursts",
        ),
        pytest.param(
            Stretch(3600, 120, {"GET answered": 12, "POST answered": 188}), [CALM] * 3, 1.0, id="a rare template bursts"
        ),
        pytest.param(
            Stretch(3600, 120, CALM.sample), [CALM, Stretch(18000, 600, CALM.sample), CALM], 15.0,
            id="one stretch of the calm was not calm",
        ),
        pytest.param(
            Stretch(3600, 120, CALM.sample), [CALM, Stretch(200, 600, CALM.sample), SILENT], 15.0,
            id="the service came up within the calm",
        ),
        pytest.param(Stretch(3600, 120, CALM.sample), [CALM, SILENT, SILENT], None, id="one stretch is no measure"),
        pytest.param(Stretch(19, 120, CALM.sample), [CALM] * 3, None, id="too few lines"),
    ],
)  # fmt: skip
def test_the_factor_is_that_of_the_usual_templates(now: Stretch, calm: list[Stretch], times: float | None) -> None:
    assert factor(now, calm) == (None if times is None else pytest.approx(times, rel=0.15))


def test_a_tenth_more_says_next_to_nothing_and_twice_as_much_a_bit() -> None:
    assert strength(1.1) < 0.05
    assert strength(0.2) == 0
    assert 1 < strength(2) < 1.5
