"""The processes that fit: Prophet is slow to import, and one fit fills a core for seconds."""

import multiprocessing
import os
import threading
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing.connection import wait

# More would fight over memory (some 250 MB each) before they fight over cores.
_MOST_PROCESSES = 4
_NICE = 10


def processes() -> int:
    """How many fit at once: as many as this machine has cores."""
    return min(os.cpu_count() or 1, _MOST_PROCESSES)


def pool(most: int = _MOST_PROCESSES) -> Executor:
    """Fresh processes, which know nothing of this one's threads and connections and end with it, however it ends."""
    return ProcessPoolExecutor(
        min(processes(), most), mp_context=multiprocessing.get_context("spawn"), initializer=_begin
    )  # fmt: skip


def _begin() -> None:
    """In a process of the pool: leave the cores to whoever is in a hurry, and outlive nobody."""
    os.nice(_NICE)
    parent = multiprocessing.parent_process()
    assert parent is not None, "only a process of the pool begins like this"  # noqa: S101 - by its caller

    def follow() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, name="follow", daemon=True).start()
