"""Markers: a new value is a change; a restart is none, and what had always run is not news when it comes back."""

from collections.abc import Mapping, Sequence

import pytest

from analysis.markers import Switch, switches

GAP = 15.0


def every_5_s(*stretches: tuple[int, int]) -> list[float]:
    return [float(at) for begin, end in stretches for at in range(begin, end, 5)]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({}, []),
        ({"1.4": every_5_s((0, 600))}, []),
        # Restarted as it was.
        ({"1.4": every_5_s((0, 300), (340, 600))}, []),
        (
            {"1.4": every_5_s((0, 300)), "1.5": every_5_s((310, 600))},
            [Switch(310.0, "1.4", "1.5", returned=False)],
        ),
        # Taken back, and tried again: the second time it is as new as the first.
        (
            {"1.4": every_5_s((0, 300), (400, 500)), "1.5": every_5_s((310, 390), (510, 600))},
            [
                Switch(310.0, "1.4", "1.5", returned=False),
                Switch(400.0, "1.5", "1.4", returned=True),
                Switch(510.0, "1.4", "1.5", returned=False),
            ],
        ),
        # Two pods with the old one, while a third has the new one already.
        (
            {"1.4": every_5_s((0, 320)), "1.5": every_5_s((300, 600))},
            [Switch(300.0, "1.4", "1.5", returned=False)],
        ),
        # Two side by side, and one of them restarts.
        ({"1.4": every_5_s((0, 600)), "1.5": every_5_s((0, 300), (340, 600))}, []),
    ],
)
def test_switches(seen: Mapping[str, Sequence[float]], expected: list[Switch]) -> None:
    assert switches(seen, GAP) == expected
    assert switches({value: list(reversed(times)) for value, times in seen.items()}, GAP) == expected
