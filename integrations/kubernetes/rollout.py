"""Waits until a rollout has come to its end, or to the end of our patience, and says which."""

import time
from collections.abc import Callable

from domain.deployment import DeploymentState
from integrations.ports import Unavailable

POLL_S = 1.0
_AWAY_S = 30.0


def wait_for_rollout(read: Callable[[], DeploymentState], limit_s: float, poll_s: float = POLL_S) -> str:
    """How it ended, in words. A server that is away for a moment is asked again; for longer it is Unavailable.

    A rollout that fails is a result, not an error: it was done, and what came of it is measured afterwards.
    """
    deadline = time.monotonic() + limit_s
    last_answer = time.monotonic()
    while True:
        try:
            state, last_answer = read(), time.monotonic()
        except Unavailable:
            if time.monotonic() - last_answer > _AWAY_S:
                raise
            time.sleep(poll_s)
            continue
        if state.rolled_out:
            return f"{state.ready} of {state.replicas} replicas ready"
        if state.settled and state.failed:
            return f"the rollout failed: {_stands(state)}, and its deadline has passed"
        if time.monotonic() >= deadline:
            return f"not rolled out after {limit_s:g} s: {_stands(state)}"
        time.sleep(poll_s)


def _stands(state: DeploymentState) -> str:
    return f"{state.updated} of {state.replicas} replicas are updated, {state.available} available"
