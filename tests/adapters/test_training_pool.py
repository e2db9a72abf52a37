"""The processes that fit end with the worker that began them, also when that is killed in the middle of a fit."""

import subprocess
import sys
import time

import psutil

_WORKER = """
import os, time
from activities.training.pool import pool
if __name__ == "__main__":
    with pool() as processes:
        print(processes.submit(os.getpid).result(), flush=True)
        processes.submit(time.sleep, 3600).result()
"""


def test_a_killed_worker_leaves_no_process_behind() -> None:
    worker = subprocess.Popen([sys.executable, "-c", _WORKER], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    child = psutil.Process(int(worker.stdout.readline()))
    family = [child, *(one for one in psutil.Process(worker.pid).children(recursive=True) if one != child)]
    worker.kill()
    worker.wait()
    worker.stdout.close()
    # Whoever takes over orphans may not have collected them yet: a zombie runs no more.
    while any(_runs(one) for one in family):
        time.sleep(0.05)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
