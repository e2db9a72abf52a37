"""Asks everything at once, and remembers since when each thing has been in trouble."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from config.adapters.store import Store
from config.advice import advice_terms
from config.settings import Settings
from domain.advice.money import HOUR
from domain.holding import Quiet, quiet, unjudged
from domain.levels import Risk
from domain.maintenance import declared
from domain.policy import Policy
from domain.services import ServiceMap
from integrations.ports import PortError
from starter.away import TemporalAway, answered
from starter.doctor import channels, sources
from starter.doctor.check import Check, Row, Status
from starter.live import WORKFLOW, TemporalIncidents
from starter.machine.facts import LATE_AFTER_S, Adviser, Automation, Health, Machine, Part, Queue, Scheduled
from starter.polling import needed, pollers
from starter.schedules import scheduled
from workflows.contract import MUTED_WORKFLOW

_KINDS = f"WorkflowType IN ('{WORKFLOW}', '{MUTED_WORKFLOW}')"
_BADLY = f"{_KINDS} AND ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut')"
# A handshake with a mail server is not for every round.
_CHANNELS_EVERY = timedelta(seconds=60)
_HEALTH = {Status.OK: Health.OK, Status.WARN: Health.DOUBT, Status.FAIL: Health.DOWN, Status.OFF: Health.OFF}


@dataclass
class Asking:
    """One round after the other; each takes as long as its slowest answer."""

    settings: Settings
    policy: Policy
    services: ServiceMap
    temporal: Client
    store: Store
    _since: dict[str, datetime] = field(default_factory=dict[str, datetime])
    _channels: tuple[Part, ...] = ()
    _channels_at: datetime | None = None

    async def ask(self) -> Machine:
        """What is known now. Raises nothing: whatever does not answer is said to be down."""
        named = [c for c in sources.checks(self.settings, self.services) if c.name in sources.NAMES]
        async with asyncio.TaskGroup() as at_once:
            found, told = at_once.create_task(self._parts(named)), at_once.create_task(self._tell())
            temporal, store = at_once.create_task(self._temporal()), at_once.create_task(self._store())
            queues, badly = at_once.create_task(self._queues()), at_once.create_task(self._ended_badly())
            automation = at_once.create_task(self._automation())
            schedules, muted = at_once.create_task(self._schedules()), at_once.create_task(self._quiet())
            adviser = at_once.create_task(self._adviser())
        mutes, left = muted.result()
        return Machine(
            at=datetime.now(UTC), temporal=temporal.result(), store=store.result(), sources=found.result(),
            channels=told.result(), queues=queues.result(), schedules=schedules.result(), quiet=mutes, unjudged=left,
            automation=automation.result(), adviser=adviser.result(), ended_badly=badly.result(),
        )  # fmt: skip

    async def _parts(self, checks: Iterable[Check]) -> tuple[Part, ...]:
        rows: Sequence[Row] = await asyncio.gather(*(check.run() for check in checks))
        return tuple(self._part(row.name, _HEALTH[row.status], row.said) for row in rows)

    async def _tell(self) -> tuple[Part, ...]:
        now = datetime.now(UTC)
        if self._channels_at is None or now - self._channels_at >= _CHANNELS_EVERY:
            # The row `people` is the doctor's verdict that there is no channel at all, which is said anyway.
            asked = [c for c in channels.checks(self.settings, self.policy) if c.name != "people"]
            self._channels, self._channels_at = await self._parts(asked), now
        return self._channels

    def _part(self, name: str, health: Health, said: str) -> Part:
        if health is not Health.DOWN:
            self._since.pop(name, None)
            return Part(name=name, health=health, said=said)
        return Part(name=name, health=health, said=said, since=self._since.setdefault(name, datetime.now(UTC)))

    async def _temporal(self) -> Part:
        try:
            await TemporalIncidents(self.temporal).ping()
        except TemporalAway as away:
            return self._part("temporal", Health.DOWN, str(away))
        return self._part("temporal", Health.OK, "answers")

    async def _store(self) -> Part:
        try:
            await asyncio.to_thread(self.store.pool.ping)
        except PortError as error:
            return self._part("store", Health.DOWN, str(error))
        return self._part("store", Health.OK, "answers")

    async def _queues(self) -> tuple[Queue, ...]:
        return tuple(await asyncio.gather(*(self._queue(name) for name in needed(self.settings))))

    async def _queue(self, name: str) -> Queue:
        try:
            polled = await pollers(self.temporal, name)
        except (TemporalAway, PortError):
            return Queue(name=name, workers=None)
        return Queue(name=name, workers=len(polled.identities), oldest_s=polled.oldest_s)

    async def _schedules(self) -> tuple[Scheduled, ...] | None:
        try:
            asked = [await scheduled(self.temporal, name) for name in LATE_AFTER_S]
        except (TemporalAway, RPCError):  # the latter: NOT_FOUND, the namespace
            return None
        return tuple(one for one in asked if one is not None)

    async def _automation(self) -> Automation | None:
        try:
            now = await asyncio.to_thread(self.store.guard.controls, "", datetime.now(UTC))
        except PortError:
            return None
        return Automation(
            observes=self.policy.max_risk_level is Risk.OBSERVE or not self.policy.allow,
            paused=now.pause_reason if now.paused else None, frozen_until=now.frozen_until,
            actions=now.actions_in_all, limit=self.policy.limits.per_hour,
        )  # fmt: skip

    async def _quiet(self) -> tuple[tuple[Quiet, ...] | None, tuple[Quiet, ...]]:
        """What mutes now, None: the store could not be asked. And what did, and was not judged at its end."""
        now, kept = datetime.now(UTC), self.store.maintenance
        try:
            windows = declared(await asyncio.to_thread(kept.words, now))
            in_force = [one.window.id for one in windows if one.window.holds(now)]
            rows, tallies = await asyncio.to_thread(kept.newest, in_force), await asyncio.to_thread(kept.tallies)
        except PortError:
            return None, ()
        return quiet(windows, tallies, rows, now), unjudged(tallies, rows, now)

    async def _adviser(self) -> Adviser | None:
        terms, now = advice_terms(self.settings), datetime.now(UTC)
        if terms is None:
            return None
        known = Adviser(name=terms.model, limit_usd=terms.usd_per_hour)
        try:
            spent = await asyncio.to_thread(self.store.model_calls.spent, None, now)
            last = await asyncio.to_thread(self.store.incidents.advised, now - HOUR)
        except PortError:
            return known
        silent = last if last is not None and not last.answered else None
        return known.model_copy(update={"spent_usd": spent.hour_usd, "silent": silent})

    async def _ended_badly(self) -> int | None:
        hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        try:
            async with answered():
                return (await self.temporal.count_workflows(f"{_BADLY} AND CloseTime > '{hour_ago}'")).count
        except (TemporalAway, RPCError):  # the latter: NOT_FOUND, the namespace
            return None
