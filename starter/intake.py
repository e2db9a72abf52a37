"""From anomalies to incidents: signal-with-start, so that a storm is one incident by construction.

What is muted and has no open incident that it could join goes, in the same way, to what holds it back.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from domain.advice.terms import Terms
from domain.anomaly import Anomaly
from domain.holding import Held, still_muted
from domain.identity import group_key
from domain.levels import Risk, Severity
from domain.maintenance import Muting
from domain.policy import Policy
from domain.services import ServiceMap
from starter.away import LIMIT_S, TemporalAway, answered
from starter.live import WORKFLOW
from starter.muting import Mutes, MutesNothing
from starter.survivors import key_in_charge
from workflows.contract import (
    MUTED_WORKFLOW,
    TASK_QUEUE,
    Muted,
    Opening,
    Report,
    holder_of,
    muted_reports,
    reports,
)  # fmt: skip
from workflows.describe import STATIC_DETAILS, summary_of

_AT_ONCE = 50


@dataclass(frozen=True)
class House:
    """What every incident of this installation starts with: a copy goes into each."""

    policy: Policy
    services: ServiceMap
    namespace: str
    temporal_ui: str | None
    public_url: str | None
    limits: Mapping[str, Risk] = field(default_factory=dict[str, Risk])
    adviser: Terms | None = None

    def opening(self, key: str) -> Opening:
        return Opening(
            key=key, policy=self.policy, services=self.services, namespace=self.namespace,
            temporal_ui=self.temporal_ui, public_url=self.public_url, limits=dict(self.limits),
            adviser=self.adviser,
        )  # fmt: skip


class Intake(Protocol):
    """Where anomalies are handed over. Raises TemporalAway."""

    async def accept(self, anomalies: Sequence[Anomaly]) -> tuple[str, ...]:
        """The keys of the incidents that know these anomalies now, and of what holds back those that are muted
        (workflows.contract.MUTED_PREFIX); empty when all are resolved and none was known.

        Returns only after all of them are stored; saying the same again is harmless.
        """
        ...


@dataclass(frozen=True)
class _Muted:
    """What is muted as of `at`, by series."""

    mutings: Mapping[str, Muting]
    at: datetime

    def among(self, anomalies: Sequence[Anomaly]) -> list[Held]:
        muted = [(anomaly, self.mutings.get(anomaly.series)) for anomaly in anomalies if anomaly.firing]
        return [Held(anomaly=anomaly, by=by, since=self.at) for anomaly, by in muted if by is not None]


class TemporalIntake:
    """Intake that signals each incident, and starts it where it is not open.

    The limit is for one question to Temporal, not for all: a storm takes its time, and gets through.
    `mutes`: None: nothing is muted.
    """

    def __init__(self, temporal: Client, house: House, limit_s: float = LIMIT_S, mutes: Mutes | None = None) -> None:
        self._temporal = temporal
        self._house = house
        self._limit_s = limit_s
        self._mutes = mutes or MutesNothing()

    async def accept(self, anomalies: Sequence[Anomaly]) -> tuple[str, ...]:
        now = datetime.now(UTC)
        verdicts = await self._mutes.judge(anomalies, now)
        return await self._all(anomalies, _Muted(verdicts.mutings, now))

    async def again(self, held: Sequence[Held], at: datetime) -> tuple[Held, ...]:
        """Judge again what is held: what is not muted at `at` goes to its incident, the rest comes back."""
        verdicts = await self._mutes.judge([one.anomaly for one in held], at)
        still = still_muted(held, verdicts.mutings, at, verdicts.unasked)
        muted = {one.anomaly.series for one in still}
        await self.hand_over([one.anomaly for one in held if one.anomaly.series not in muted], at)
        return still

    async def hand_over(self, anomalies: Sequence[Anomaly], at: datetime) -> None:
        """What was held goes to its incident, seen `at`; what holds it knows that already."""
        await self._all([anomaly.model_copy(update={"seen_at": at}) for anomaly in anomalies], None)

    async def _all(self, anomalies: Sequence[Anomaly], muted: _Muted | None) -> tuple[str, ...]:
        groups: dict[str, list[Anomaly]] = {}
        for anomaly in anomalies:
            groups.setdefault(group_key(anomaly), []).append(anomaly)
        turn = asyncio.Semaphore(_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as together:  # the first that fails ends the others
                telling = [together.create_task(self._told(key, group, muted, turn)) for key, group in groups.items()]
        except* TemporalAway as away:
            raise _first(away) from away
        # Two groups may have the same survivor.
        return tuple(dict.fromkeys(key for task in telling for key in task.result()))

    async def _told(
        self, key: str, anomalies: Sequence[Anomaly], muted: _Muted | None, turn: asyncio.Semaphore
    ) -> tuple[str, ...]:
        async with turn:
            try:
                if muted is None:
                    return await self._tell(key, anomalies)
                return await self._tell_or_hold(key, anomalies, muted)
            except RPCError as error:  # NOT_FOUND of a start: the namespace is not there, yet
                raise TemporalAway(f"Temporal: {error}") from error

    async def _tell_or_hold(self, own: str, anomalies: Sequence[Anomaly], muted: _Muted) -> tuple[str, ...]:
        over, known = [a for a in anomalies if not a.firing], list[str]()
        for report in reports(over):
            # Before the incident hears of it: whatever is handed over meanwhile, one of the two knows that it is over.
            if await self._signal(holder_of(own), "told", Muted(over=report.anomalies)):
                known.append(holder_of(own))
        known += await self._tell(own, [a for a in anomalies if a.series not in muted.mutings])
        return (*known, *await self._join_or_hold(own, muted.among(anomalies)))

    async def _join_or_hold(self, own: str, muted: Sequence[Held]) -> tuple[str, ...]:
        """What is muted joins the incident that is open, as ever; it opens none."""
        if not muted:
            return ()
        async with answered(self._limit_s):
            key = await key_in_charge(self._temporal, own)
        known: list[str] = []
        for portion in muted_reports(muted):
            if await self._signal(key, "report", Report(anomalies=tuple(one.anomaly for one in portion.held))):
                known.append(key)
            else:
                await self._hold(holder_of(own), portion)
                known.append(holder_of(own))
        return tuple(known)

    async def _tell(self, own: str, anomalies: Sequence[Anomaly]) -> tuple[str, ...]:
        if not anomalies:
            return ()
        async with answered(self._limit_s):
            key = await key_in_charge(self._temporal, own)
        firing = [a for a in anomalies if a.firing]
        ordered = firing + [a for a in anomalies if not a.firing]
        known = False
        for report in reports(ordered):
            # Each portion that fires opens it where it has ended since the one before.
            if any(anomaly.firing for anomaly in report.anomalies):
                await self._open_or_join(key, report)
            elif not await self._signal(key, "report", report):
                break
            known = True
        return (key,) if known else ()

    async def _hold(self, holder: str, muted: Muted) -> None:
        async with answered(self._limit_s):
            await self._temporal.start_workflow(
                MUTED_WORKFLOW,
                Muted(),
                id=holder,
                task_queue=TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                start_signal="told",
                start_signal_args=[muted],
                static_summary="Holds back what is muted, and judges it again",
            )

    async def _open_or_join(self, key: str, report: Report) -> None:
        first = report.anomalies[0]
        async with answered(self._limit_s):
            await self._temporal.start_workflow(
                WORKFLOW,
                self._house.opening(key),
                id=key,
                task_queue=TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                start_signal="report",
                start_signal_args=[report],
                static_summary=summary_of(first.severity_label or Severity.MEDIUM, f"{first.service}: {first.title}"),
                static_details=STATIC_DETAILS,
            )

    async def _signal(self, key: str, name: str, said: Report | Muted) -> bool:
        """Tell what is open; False when there is none: news that something is over opens nothing."""
        try:
            async with answered(self._limit_s):
                await self._temporal.get_workflow_handle(key).signal(name, said)
        except RPCError as error:
            # A namespace that is not there (yet) is NOT_FOUND as well, and no reason to lose news.
            if error.status is RPCStatusCode.NOT_FOUND and "namespace" not in str(error).lower():
                return False
            raise
        return True


def _first(group: BaseExceptionGroup[TemporalAway]) -> TemporalAway:
    """One of the failures; they all say the same."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
