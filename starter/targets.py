"""Looks at the target of a plan for whoever has its card open: one question at a time, within a time limit."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence

from domain.plan import Plan
from domain.standing import Standing
from integrations.ports import PortError, TargetSource

LIMIT_S = 5.0
# Many who look at the same plan at once get one answer.
_FRESH_S = 3.0
_MOST_KEPT = 100


class Targets:
    """`look` answers within `limit_s` seconds, whatever the other side does. A question that lasts longer goes on by
    itself until its own limit; nobody asks a second one beside it.
    """

    def __init__(self, sources: Sequence[TargetSource] = (), limit_s: float = LIMIT_S) -> None:
        self._by_action = {action: source for source in sources for action in source.actions}
        self._limit_s = limit_s
        self._running: dict[str, asyncio.Task[Standing | str]] = {}
        self._kept: OrderedDict[str, tuple[float, Standing | str]] = OrderedDict()

    async def look(self, plan: Plan) -> Standing | str:
        """The target as it stands, or the sentence that says why it could not be read."""
        source = self._by_action.get(plan.action)
        if source is None:
            return f"this process has no access to {plan.target}"
        at, kept = self._kept.get(plan.digest, (0.0, ""))
        if kept and time.monotonic() - at < _FRESH_S:
            return kept
        running = self._running.get(plan.digest)
        if running is None:
            running = self._running[plan.digest] = asyncio.create_task(self._ask(source, plan))
        try:
            return await asyncio.wait_for(asyncio.shield(running), self._limit_s)
        except TimeoutError:
            return f"{plan.target} did not answer within {self._limit_s:g} s"

    async def _ask(self, source: TargetSource, plan: Plan) -> Standing | str:
        try:
            answer = await asyncio.to_thread(source.look, plan)
        except PortError as error:
            answer = str(error)
        finally:
            del self._running[plan.digest]
        self._kept[plan.digest] = (time.monotonic(), answer)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return answer
