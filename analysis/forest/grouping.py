"""Several services as one: the rows of their own forests, side by side."""

from collections.abc import Sequence

import numpy as np

from analysis.forecasting.history import NotReady
from analysis.forest.matrix import Aligned, missing_rows
from analysis.forest.sealing import Matrix
from domain.forest import MOST_FEATURES


def together(members: Sequence[tuple[str, Matrix | str]]) -> Aligned | NotReady:
    """Rows at the times that all have, of a service and those that it depends on (by name, nearest first), each with
    its own rows or why it has none.

    Left out is whatever does not fit among `MOST_FEATURES`, and who would cost the others more values than it brings.
    """
    head, own = members[0]
    if isinstance(own, str):
        return NotReady(f"{head}: {own}")
    joined, times, width = [own], own.times, len(own.features)
    left_out: list[str] = []
    for name, one in members[1:]:
        if isinstance(one, str):
            left_out.append(f"{name}: {one}")
            continue
        shared, wider = np.intersect1d(times, one.times, assume_unique=True), width + len(one.features)
        if wider > MOST_FEATURES:
            left_out.append(f"{name}: with its series there would be {wider}, more than {MOST_FEATURES}")
        elif wider * shared.size < width * times.size:
            left_out.append(f"{name}: too many gaps, or too young")
        else:
            joined, times, width = [*joined, one], shared, wider
    if len(joined) == 1:
        return NotReady(f"none that {head} depends on can join it ({'; '.join(left_out)})")
    missing = missing_rows(times)
    if missing is not None:
        return missing
    features = tuple(feature for one in joined for feature in one.features)
    rows = np.concatenate([one.rows[np.searchsorted(one.times, times)] for one in joined], axis=1)
    return Aligned(features, times, rows, tuple(left_out))
