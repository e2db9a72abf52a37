"""Waits until a rollout has come to its end, or to the end of our patience, and says which."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from domain.deployment import DeploymentState
from domain.model import Model
from integrations.kubernetes.target import failed_at
from integrations.ports import Intent, Unavailable

POLL_S = 1.0
_AWAY_S = 30.0


def never() -> bool:
    return False


@dataclass(frozen=True)
class Patience:
    """How often to look, and whether this process is about to leave: then another one goes on waiting."""

    poll_s: float = POLL_S
    leaving: Callable[[], bool] = never


PATIENT = Patience()


class Ended(Model):
    """How a rollout ended, in words; `complete`: every pod is of the newest template, and available."""

    words: str
    complete: bool


def wait_for_rollout(read: Callable[[], DeploymentState], limit_s: float, before: Intent, patience: Patience) -> Ended:
    """How it ended. A server that is away for a moment is asked again; for longer it is Unavailable, as is a process
    that leaves before the end.

    `before` knows of the failure of an earlier rollout, whose mark stays until the new one moves. A rollout that fails
    is a result, not an error: it was done, and what came of it is measured afterwards.
    """
    deadline = time.monotonic() + limit_s
    last_answer = time.monotonic()
    while True:
        if patience.leaving():
            raise Unavailable("this worker is stopping; the rollout goes on, and another try waits for its end")
        try:
            state, last_answer = read(), time.monotonic()
        except Unavailable:
            if time.monotonic() - last_answer > _AWAY_S:
                raise
            time.sleep(patience.poll_s)
            continue
        if state.rolled_out:
            return Ended(words=f"{state.ready} of {state.replicas} replicas ready", complete=True)
        if state.settled and failed_at(state) not in {"", before.before.get("failed_at")}:
            said = f"the rollout failed: {_stands(state)}, and its deadline has passed"
            return Ended(words=said, complete=False)
        if time.monotonic() >= deadline:
            return Ended(words=f"not rolled out after {limit_s:g} s: {_stands(state)}", complete=False)
        time.sleep(patience.poll_s)


def _stands(state: DeploymentState) -> str:
    return f"{state.updated} of {state.replicas} replicas are updated, {state.available} available"
