"""A cycle of detection, as a worker takes part in it: which shard it looks at, and what becomes of a failure."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

from temporalio import activity

from activities.detection.cycle import Cycle, count_failure
from activities.detection.lookout import Lookout
from activities.detection.thread import to_its_end
from activities.detection.watch import Watch
from activities.errors import as_application_error
from activities.heartbeat import pulsing
from domain.model import Model
from domain.services import ServiceMap
from domain.shards import WHOLE
from integrations.ports import (
    AnomalyIntake,
    Claim,
    ForecastStore,
    MetricSource,
    PortError,
    SeriesStore,
    ShardStore,
    ThresholdStore,
)  # fmt: skip

_log = logging.getLogger(__name__)


class Share(Model):
    """A part of a cycle: one of `of` shards. Which one, those agree on who take part in the cycle of this name; without
    a name it is a cycle of its own.
    """

    cycle: str = ""
    of: int = 1


_ALL = Share()


class DetectionActivities:
    """Watches the expressions of all services. `every_s`: seconds between cycles, the step of fast expressions.

    What is known of a shard stays in memory between cycles, for as long as no other worker has looked at it.
    `thresholds`: None: nobody's word raises any. `shards`: None: nobody else looks, and there is one.
    """

    def __init__(
        self, metrics: MetricSource | None, store: SeriesStore, forecasts: ForecastStore, intake: AnomalyIntake | None,
        services: ServiceMap, every_s: float, clock: Callable[[], float] = time.time,
        thresholds: ThresholdStore | None = None, *, shards: ShardStore | None = None,
    ) -> None:  # fmt: skip
        self._lookout = Lookout()
        self._intake = intake
        self._watch = partial(
            Watch, metrics, store, forecasts, intake, services, every_s, clock, thresholds=thresholds, shards=shards,
            lookout=self._lookout,
        )  # fmt: skip
        self._clock = clock
        self._shards = shards
        self._watches: dict[str, Watch] = {}
        self._turn = asyncio.Lock()
        self._last: datetime | None = None

    @activity.defn
    async def sweep(self, share: Share = _ALL) -> Cycle:
        """A cycle of one shard. Raises ApplicationError where Prometheus, the store or Temporal is away: nothing is
        lost by it, as the next cycle judges what this one did not.
        """
        async with pulsing(), self._turn:
            try:
                return await self._sweep(share)
            except PortError as error:
                count_failure()
                raise as_application_error(error) from error

    async def _sweep(self, share: Share) -> Cycle:
        claim = await to_its_end(self._claim, share)
        if claim is None:
            return Cycle(shards=0)
        # What another worker has looked at since is taken over from the store: this one's memory of it is old.
        self._watches = {memory: watch for memory, watch in self._watches.items() if memory in claim.held}
        watch = self._watches.get(claim.memory) or self._watch(shard=claim.shard)
        self._watches[claim.memory] = watch
        try:
            return await watch.cycle(claim)
        except BaseException as error:
            # What was judged and not handed over shall be judged again, from what is written down: whatever went wrong,
            # and where the cycle was called off.
            watch.forget()
            if isinstance(error, PortError) and watch.unseen is error:
                await self._tell_of_the_dark(str(error))
            raise

    async def _tell_of_the_dark(self, why: str) -> None:
        """A source that is itself unhealthy is trouble of the monitoring. Where Temporal is away too, later."""
        sight, anomaly = self._lookout.dark(datetime.fromtimestamp(self._clock(), UTC), why)
        if anomaly is None or self._intake is None:
            return
        try:
            await self._intake.accept([anomaly])
        except PortError as error:
            _log.warning("that the source of metrics does not answer could not be told: %s", error)
        else:
            self._lookout.told(sight)

    def _claim(self, share: Share) -> Claim | None:
        now, before = datetime.fromtimestamp(self._clock(), UTC), self._last
        self._last = now
        if self._shards is None:
            return Claim(WHOLE, share.cycle, "", frozenset({""}), before)
        return self._shards.claim(share.cycle or uuid4().hex, share.of, list(self._watches), uuid4().hex, now)
