"""From anomalies to incidents: signal-with-start, so that a storm is one incident by construction."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from domain.advice.terms import Terms
from domain.anomaly import Anomaly
from domain.identity import group_key
from domain.levels import Risk, Severity
from domain.policy import Policy
from domain.services import ServiceMap
from starter.away import LIMIT_S, TemporalAway, answered
from starter.live import WORKFLOW
from starter.survivors import key_in_charge
from workflows.contract import TASK_QUEUE, Opening, Report, reports
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
        """The keys of the incidents that know these anomalies now; empty when all are resolved and none was known.

        Returns only after all of them are stored; saying the same again is harmless.
        """
        ...


class TemporalIntake:
    """Intake that signals each incident, and starts it where it is not open.

    The limit is for one question to Temporal, not for all: a storm takes its time, and gets through.
    """

    def __init__(self, temporal: Client, house: House, limit_s: float = LIMIT_S) -> None:
        self._temporal = temporal
        self._house = house
        self._limit_s = limit_s

    async def accept(self, anomalies: Sequence[Anomaly]) -> tuple[str, ...]:
        groups: dict[str, list[Anomaly]] = {}
        for anomaly in anomalies:
            groups.setdefault(group_key(anomaly), []).append(anomaly)
        turn = asyncio.Semaphore(_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as together:  # the first that fails ends the others
                telling = [together.create_task(self._told(key, group, turn)) for key, group in groups.items()]
        except* TemporalAway as away:
            raise _first(away) from away
        # Two groups may have the same survivor.
        return tuple(dict.fromkeys(key for task in telling if (key := task.result()) is not None))

    async def _told(self, key: str, anomalies: Sequence[Anomaly], turn: asyncio.Semaphore) -> str | None:
        async with turn:
            try:
                return await self._tell(key, anomalies)
            except RPCError as error:  # NOT_FOUND of a start: the namespace is not there, yet
                raise TemporalAway(f"Temporal: {error}") from error

    async def _tell(self, own: str, anomalies: Sequence[Anomaly]) -> str | None:
        async with answered(self._limit_s):
            key = await key_in_charge(self._temporal, own)
        firing = [a for a in anomalies if a.firing]
        ordered = firing + [a for a in anomalies if not a.firing]
        known = False
        for report in reports(ordered):
            # Each portion that fires opens it where it has ended since the one before.
            if any(anomaly.firing for anomaly in report.anomalies):
                await self._open_or_join(key, report)
            elif not await self._join(key, report):
                break
            known = True
        return key if known else None

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

    async def _join(self, key: str, report: Report) -> bool:
        """Tell an open incident; False when there is none: news that something is over opens nothing."""
        try:
            async with answered(self._limit_s):
                await self._temporal.get_workflow_handle(key).signal("report", report)
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
