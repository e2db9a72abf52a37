"""A run: calm, a fault at a moment that nobody chose, the incident and its diagnosis; then the fault is taken back."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError

from domain.incident import State
from domain.view import IncidentView
from evals.shop.asked import asked, keep
from evals.shop.insisting import Insisting
from evals.shop.kinds import KINDS, Kind
from evals.shop.reading import asks_again, result, told
from evals.shop.scoring import Result, verdict
from evals.shop.script import Trial
from evals.shop.stage import ShopStage
from rig.demo.judge import NORMAL_ERROR_RATE
from rig.demo.performance import main_of
from rig.demo.watcher import Handle, Watcher
from workflows.incident import IncidentWorkflow

MISSED_AFTER_S = 120.0
"""A fault without an incident by then is missed, which counts as wrong."""
_DIAGNOSED_WITHIN_S = 150.0
_CALM_S = 15.0
_CALM_WITHIN_S = 900.0
_WRITTEN_UP_S = 4.0
"""A closed incident tells people and writes its postmortem before it ends."""
_LOOK_EVERY_S = 1.0
_WHO = "the evaluation"
_DIAGNOSED = frozenset({State.DIAGNOSED, State.WAITING_FOR_PEOPLE, State.WAITING_FOR_APPROVAL, State.WATCHING})


class NotCalmError(RuntimeError):
    """The shop did not come to rest: what came next would be a fault on top of another."""


class Performance:
    """One run on a stage that is up; `cases`: where to keep what the ranking was asked of each fault."""

    def __init__(self, stage: ShopStage, console: Console, client: Client, cases: Path | None = None) -> None:
        assert stage.load is not None and stage.product is not None  # noqa: S101, PT018
        self._stage, self._console, self._client = stage, console, client
        self._load, self._product = stage.load, stage.product
        self._cases, self._played = cases, 0
        self._began = time.monotonic()

    async def prepare(self, warm_up_s: float) -> None:
        """Nothing is fixed by the product in here, and there is a past of the real shop to compare with."""
        self._product.run("pause", "--reason", "evaluation of the shop's faults", "--for", "12h")
        self._say(f"warming up for {warm_up_s:.0f} s")
        await asyncio.sleep(warm_up_s)

    async def play(self, trial: Trial) -> Result:
        """One fault. Raises NotCalmError, and what bringing the fault on raises."""
        kind = KINDS[trial.kind]
        await self._calm(Watcher(self._client, datetime.now(UTC)))
        await asyncio.sleep(trial.wait_s)
        watcher, began = Watcher(self._client, datetime.now(UTC)), time.time()
        fault = kind.make(self._stage)
        try:
            self._say(f"fault   {kind.name}")
            await asyncio.to_thread(fault.start)
            view = await self._diagnosed(watcher, began)
            await self._keep(kind, view)  # before it is taken back: what is asked after that is of a shop that recovers
        finally:
            await asyncio.to_thread(fault.stop)
        found = result(kind, view, began)
        self._say(f"{verdict(found):9} {told(found, view)}")
        await self._calm(watcher)
        return found

    async def _keep(self, kind: Kind, view: IncidentView | None) -> None:
        self._played += 1
        if self._cases is None or view is None:
            return
        question = await asked(self._client, view.key, kind)
        if question is not None:
            keep(self._cases, self._played, question)

    async def _diagnosed(self, watcher: Watcher, began: float) -> IncidentView | None:
        """The incident when a cause has been named, or none was at its last look; None: none opened in time."""
        seen: IncidentView | None = None
        while True:
            seen = main_of(await watcher.views()) or seen
            if seen is not None and seen.diagnosis and seen.state in _DIAGNOSED and not asks_again(seen):
                return seen
            if time.time() - began > (MISSED_AFTER_S if seen is None else MISSED_AFTER_S + _DIAGNOSED_WITHIN_S):
                return seen
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _calm(self, watcher: Watcher) -> None:
        """No failing request for a while, no alert, and no incident: those that are left are closed by hand."""
        deadline, insisting = time.monotonic() + _CALM_WITHIN_S, Insisting()
        while time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_EVERY_S)
            if not self._served() or self._alerts():
                continue
            left = await watcher.open_incidents()
            if not left:
                return
            for handle in left:
                await self._close(handle, insisting)
            await asyncio.sleep(_WRITTEN_UP_S)
        raise NotCalmError(f"alerts {self._alerts()!r}, {self._load.snapshot(_CALM_S)!r}")

    async def _close(self, handle: Handle, insisting: Insisting) -> None:
        """As a person does who knows that it is over; one that is closed already is still being written up."""
        try:
            if not (await handle.query(IncidentWorkflow.view)).state.closed:
                await handle.execute_update(  # pyright: ignore[reportUnknownMemberType]
                    IncidentWorkflow.person, {"command": "resolve", "who": _WHO}
                )
        except (RPCError, WorkflowUpdateFailedError) as refusal:
            reason = str(refusal.__cause__ or refusal)
            if words := insisting.again(f"{handle.id}: {reason}"):
                self._say(f"{handle.id} was not closed, {words}: {reason}")

    def _served(self) -> bool:
        rate = self._load.snapshot(_CALM_S).recent_error_rate
        return rate is not None and rate <= NORMAL_ERROR_RATE

    def _alerts(self) -> list[str]:
        found = httpx.get(f"{self._stage.prometheus.url}/api/v1/alerts", timeout=5, trust_env=False).json()
        return [alert["labels"]["alertname"] for alert in found["data"]["alerts"]]

    def _say(self, text: str) -> None:
        self._console.print(f"{time.monotonic() - self._began:6.0f} s  {text}", markup=False, soft_wrap=True)
        self._console.file.flush()  # progress is to be read while it runs, also in a file
