"""A forest is kept, or it is said why there is none yet: the same for a service and for a group of services."""

from datetime import UTC, datetime

from analysis.forecasting.history import NotReady
from analysis.forest.matrix import Aligned
from analysis.forest.sealing import sealed
from domain.forecast import again_at
from domain.forest import Forest
from integrations.ports import ForestStore


def kept_or_put_off(
    store: ForestStore, found: Aligned | NotReady, empty: Forest, known: Forest | None, now: datetime
) -> bool:
    """Keep the rows that were found in `empty`. False: there are too few, so that `known` judges on until it is stale,
    with the reason and when it is tried again. Raises PortError.
    """
    if isinstance(found, NotReady):
        ready_at = None if found.at is None else datetime.fromtimestamp(found.at, UTC)
        put_off = {"reason": found.reason, "ready_at": ready_at, "again_at": again_at(now, ready_at)}
        store.save((known or empty).model_copy(update=put_off))
        return False
    whole = empty.model_copy(update={"left_out": found.left_out})
    store.save(sealed(whole, found.features, found.times, found.rows))
    return True
