"""The performance: health before the fault, the fault, the incident until its end, and the verdict."""

import asyncio
import time
from dataclasses import dataclass

import httpx
from rich.console import Console

from config.policy import differences, load_policy
from domain.view import IncidentView
from rig.demo.approvers import NOBODY
from rig.demo.arrived import Arrived, arrived
from rig.demo.both import judge_both, order
from rig.demo.examination import examine
from rig.demo.judge import (
    NORMAL_ERROR_RATE,
    Check,
    control_sentence,
    judge_control,
    judge_escalated,
    judge_fixed,
    text_of,
)
from rig.demo.learning import wait_until_learnt
from rig.demo.liveness import judge_alive
from rig.demo.narrator import Narrator, seconds
from rig.demo.scenarios import Scenario
from rig.demo.stage import Stage
from rig.demo.watcher import Watcher
from rig.faults.fault import Fault
from rig.faults.registry import FAULTS

QUIET_S = 600.0
_HEALTHY_S = 15.0
_HEALTH_WITHIN_S = 180.0
JUDGED_S = 20.0
_PAUSED_S = 120.0
_DRAFT_WITHIN_S = 30.0


class UnwellError(RuntimeError):
    """There is trouble before the fault, as on a machine that is much too busy."""


@dataclass(frozen=True)
class Choice:
    """What to play: `quiet` without a fault, `paused` with automation paused.

    Where a person has to decide, `door` is by which of `approvers.DOORS`, and `reject` how.
    """

    scenario: Scenario
    quiet: bool
    paused: bool
    door: str = NOBODY
    reject: bool = False


class Performance:
    """One run on a stage that is up."""

    def __init__(self, stage: Stage, console: Console, choice: Choice) -> None:
        assert stage.shop is not None and stage.load is not None and stage.product is not None  # noqa: S101, PT018
        self._stage = stage
        self._shop, self._load, self._product = stage.shop, stage.load, stage.product
        self._console = console
        self._choice = choice
        self._narrator = Narrator(console)
        self._began = time.time()
        self._seen: list[IncidentView] = []

    async def play(self) -> int:
        """0 when everything that must hold was seen to hold."""
        watcher = await Watcher.connect(self._stage.temporal.address)
        await self._close_leftovers(watcher)
        self._show_policy()
        examine(self._product, self._console, jaeger_up=self._stage.optional.jaeger_up)
        await wait_until_learnt(watcher.client, self._stage.postgres, self._choice.scenario, self._console)
        await self._wait_until_healthy(watcher)
        if self._choice.quiet:
            return await self._quiet(watcher)
        if self._choice.paused:
            self._product.run("pause", "--reason", "control run of the demo", "--for", "1h")
        else:
            self._product.run("resume-automation")
        return await self._broken(watcher)

    async def _close_leftovers(self, watcher: Watcher) -> None:
        """Incidents of a run that was interrupted are open still, and would look at a shop that is gone."""
        for handle in await watcher.open_incidents():
            await watcher.close(handle, "the demo, for a run that was interrupted")
            self._console.print(f"closed     {handle.id}, left open by a run that was interrupted")

    def _show_policy(self) -> None:
        policy = self._choice.scenario.policy
        self._console.print(f"policy     {policy.name}; what differs from the defaults:")
        for line in differences(load_policy(policy)):
            self._console.print(f"             {line}", markup=False, soft_wrap=True)

    async def _wait_until_healthy(self, watcher: Watcher) -> None:
        """No failing request, no alert and no incident, for a while: a fault on top of another would prove nothing."""
        deadline, trouble = time.monotonic() + _HEALTH_WITHIN_S, ""
        while time.monotonic() < deadline:
            await asyncio.sleep(1)
            incidents = [view.title for view in await watcher.views() if not view.state.closed]
            rate, alerts = self._load.error_rate(_HEALTHY_S), self._alerts()
            settled = time.time() - self._began >= _HEALTHY_S
            if settled and rate <= NORMAL_ERROR_RATE and not alerts and not incidents:
                text = f"no alert, no incident, {rate:.1%} of requests failed in {_HEALTHY_S:.0f} s"
                self._console.print(f"[green]healthy[/]    {text}")
                return
            trouble = f"alerts {alerts!r}, incidents {incidents!r}, {rate:.1%} of requests failed"
        raise UnwellError(f"the shop is not healthy before the fault, so none is made: {trouble}")

    def _alerts(self) -> list[str]:
        found = httpx.get(f"{self._stage.prometheus.url}/api/v1/alerts", timeout=5, trust_env=False).json()
        return [alert["labels"]["alertname"] for alert in found["data"]["alerts"]]

    async def _quiet(self, watcher: Watcher) -> int:
        self._console.print(f"quiet      {QUIET_S / 60:.0f} minutes without a fault; no incident may open")
        end = time.monotonic() + QUIET_S
        while time.monotonic() < end:
            await asyncio.sleep(min(60.0, max(0.0, end - time.monotonic())))
            await watcher.views()
            left = max(0.0, end - time.monotonic())
            rate = self._load.snapshot(60).recent_error_rate
            failing = "no request ended" if rate is None else f"{rate:.1%} failing requests"
            self._console.print(f"           {left:3.0f} s left, {watcher.listed} incidents, {failing}")
            if watcher.listed:
                break
        await watcher.views()
        silence = Check("no incident opened", not watcher.listed, f"{watcher.listed} opened")
        return self._verdict([silence, *judge_alive(self._product, self._load, self._stage.prometheus.url)])

    def _make_fault(self) -> Fault:
        return FAULTS[self._choice.scenario.name](self._shop.database)

    async def _broken(self, watcher: Watcher) -> int:
        fault = self._make_fault()
        watcher.from_now_on()
        try:
            await asyncio.to_thread(fault.start)
            self._narrator.began = time.time()
            self._narrator.say("fault", f"{self._choice.scenario.name}: {self._choice.scenario.says}", "bold red")
            view = await self._follow(watcher)
            if view is None:
                return self._verdict([Check("an incident opened", holds=False, seen="none did")])
            checks = self._checks(view, fault)
            self._report(view)
            return self._verdict(checks)
        finally:
            await asyncio.to_thread(fault.stop)

    async def _follow(self, watcher: Watcher) -> IncidentView | None:
        """Tell all incidents as they go on; the first that stands for itself is the one that is judged."""
        main: IncidentView | None = None
        within = _PAUSED_S if self._choice.paused else self._choice.scenario.within_s
        async for views in watcher.follow(lambda seen: self._is_over(seen, watcher.running), within):
            for view in views:
                self._narrator.tell(view)
            main, self._seen = main_of(views), views
            if main is not None:
                await self._react(main)
        if main is not None and self._ends_with_people() and not self._choice.paused:
            return await self._written_up(watcher)
        return main

    async def _react(self, view: IncidentView) -> None:
        """What a person does who sees this; here nobody does anything."""

    def _ends_with_people(self) -> bool:
        """Whether it ends with people being called, and not with a recovery."""
        return self._choice.scenario.ending == "escalated"

    async def _written_up(self, watcher: Watcher) -> IncidentView | None:
        """The draft of the postmortem is written after people were told."""
        main: IncidentView | None = None
        async for views in watcher.follow(_has_postmortem, _DRAFT_WITHIN_S):
            for view in views:
                self._narrator.tell(view)
            main = main_of(views)
        return main

    def _is_over(self, views: list[IncidentView], running: frozenset[str]) -> bool:
        view = main_of(views)
        if view is None or self._choice.paused:
            return False
        if view.state.closed:
            return view.incident not in running
        told = view.escalated and any(d.delivered for d in view.deliveries) and view.diagnosis is not None
        return self._ends_with_people() and told and view.state.value == "waiting for people"

    def _checks(self, view: IncidentView, fault: Fault) -> list[Check]:
        rate = self._load.error_rate(JUDGED_S)
        if self._choice.paused:
            return list(judge_control(view, rate, fault.report()))
        if self._choice.scenario.ending == "escalated":
            return list(judge_escalated(view, fault.report(), self._mails()))
        fixed = judge_fixed(view, rate, fault.report(), self._audited(view))
        return [*fixed, *judge_both(self._seen, view)]

    def _arrived(self, view: IncidentView) -> Arrived:
        """What the people's servers have of it."""
        return arrived(view.incident, self._stage.slack, self._stage.pagerduty, self._stage.inbox)

    def _mails(self) -> list[str]:
        return [text_of(mail) for mail in self._stage.inbox.mails]

    def _audited(self, view: IncidentView) -> int | None:
        """Sessions that the audit log says were ended; None when it has no such row."""
        with self._stage.postgres.connect("nightshift") as connection:
            row = connection.execute(
                "SELECT sum((entry->>'affected')::int) FROM nightshift.audit"
                " WHERE incident = %s AND entry->>'action' = 'KILL_CONNECTIONS'",
                [view.incident],
            ).fetchone()
        return int(row[0]) if row and row[0] is not None else None

    def _report(self, view: IncidentView) -> None:
        first = self._load.first_failure_after(self._narrator.began - 1)
        self._console.print()
        self._console.print(
            f"MTTD        {seconds(view.opened_at, first)} from the first failing request to the incident"
        )
        self._console.print(
            f"MTTR        {seconds(view.recovered_at, view.opened_at)} from the incident to the recovery"
        )
        self._console.print(f"Seen        {order(view)}", soft_wrap=True)
        self._console.print(f"Incident    {self._product.url}/incidents/{view.incident}", soft_wrap=True)
        self._console.print(f"Temporal    {view.temporal_url}", soft_wrap=True)
        self._console.print(f"Postmortem  {view.postmortem or 'not written'}", soft_wrap=True)
        for line in self._arrived(view).lines():
            self._console.print(line)

    def _verdict(self, checks: list[Check]) -> int:
        self._console.print()
        for check in checks:
            word = "[green]holds[/]" if check.holds else "[red]fails[/]"
            self._console.print(f"{word}       {check.claim}: {check.seen}")
        passed = all(check.holds for check in checks)
        if why := self._control():
            self._console.print(control_sentence(checks, why), soft_wrap=True)
        return 0 if passed and not why else 1

    def _control(self) -> str:
        """Why nothing may be fixed in this run, which then exits with 1; empty: it is no control run."""
        return "automation was paused" if self._choice.paused else ""


def _has_postmortem(views: list[IncidentView]) -> bool:
    view = main_of(views)
    return view is not None and view.postmortem is not None


def main_of(views: list[IncidentView]) -> IncidentView | None:
    """The oldest incident that was not merged into another."""
    return next((view for view in views if view.merged_into is None), None)
