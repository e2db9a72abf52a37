"""Waiting for something that a running system will bring about."""

import time

from rig.servers.process import PROBE_EVERY_SECONDS, Probe, answers


def wait_until(what: str, holds: Probe, within: float) -> None:
    """Return when `holds` says yes; a refused connection means not yet. TimeoutError after `within` seconds."""
    give_up = time.monotonic() + within
    while not answers(holds):
        if time.monotonic() > give_up:
            raise TimeoutError(f"{what}: not within {within:g} s")
        time.sleep(PROBE_EVERY_SECONDS)
