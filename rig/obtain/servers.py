"""The servers by name, and obtaining several of them at once."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from rig.obtain import (
    alertmanager,
    chromium,
    elasticsearch,
    jaeger,
    kubernetes,
    postgres,
    prometheus,
    temporal,
    temporal_test,
)
from rig.obtain.progress import OnProgress

Obtain = Callable[[OnProgress], object]

# A Go build keeps all cores busy, so these go one after the other, the most needed first.
COMPILED: Final[Mapping[str, Obtain]] = {
    "alertmanager": alertmanager.obtain,
    "jaeger": jaeger.obtain,
    "kubernetes": kubernetes.obtain,
}
# These mostly wait for the network.
FETCHED: Final[Mapping[str, Obtain]] = {
    "temporal": temporal.obtain,
    "postgres": postgres.obtain,
    "prometheus": prometheus.obtain,
    "temporal-test": temporal_test.obtain,
    "elasticsearch": elasticsearch.obtain,
    "chromium": chromium.obtain,
}
NAMES = (*COMPILED, *FETCHED)


def obtain(names: Sequence[str], report: Callable[[str], OnProgress]) -> Mapping[str, Future[object]]:
    """Obtain the named servers, two at a time; returns when all have ended, each with its result or error.

    `report` makes the callback of one server from its name. KeyError for an unknown name.
    """
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise KeyError(f"unknown servers {unknown!r}; there are {', '.join(NAMES)}")
    with ThreadPoolExecutor(1) as compiling, ThreadPoolExecutor(1) as fetching:
        pools = [(COMPILED, compiling), (FETCHED, fetching)]
        return {
            name: pool.submit(group[name], report(name)) for group, pool in pools for name in group if name in names
        }
