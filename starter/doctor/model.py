"""The language model: this build works without one."""

from collections.abc import Iterator

from starter.doctor.check import Check, off

GROUP = "model"


def checks() -> Iterator[Check]:
    """One row, so that nobody looks for a key that is not needed."""
    yield off(
        GROUP, "language model", "causes are found by statistics and rules alone", "nothing: there is none to set"
    )
