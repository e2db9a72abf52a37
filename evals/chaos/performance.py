"""A run: incidents open by the script, blows fall meanwhile, and at the end everything is collected."""

import asyncio
import time
from collections.abc import Sequence

from rich.console import Console
from temporalio.client import Client

from domain.incident import State
from evals.chaos import collect
from evals.chaos.evidence import Evidence, Incident
from evals.chaos.patients import OWN, REPORT, Patient
from evals.chaos.people import acknowledge, approve, handle_of, view_of
from evals.chaos.script import Blow, Case, Kind, Script
from evals.chaos.sender import Sender
from evals.chaos.stage import ACTS, ASKS, STORE, Stage

_WELL_S = 8.0
"""For as long as this everybody is well, so that what comes then is a change."""
_SCRAPED_S = 3.0
_PASSES_AFTER_S = 12.0
_DECIDES_WITHIN_S = 120.0
_SETTLES_WITHIN_S = 240.0
_LOOK_EVERY_S = 3.0
_QUIET_S = 3.0
_LEAST_OPEN_S = 130.0
"""Beyond the MTTR target of the stage's policy, so that all that time alone makes due has been due."""
_ASKS = {Kind.APPROVED, Kind.UNANSWERED}


class Performance:
    """One run on a stage that is up."""

    def __init__(self, stage: Stage, script: Script, console: Console) -> None:
        self._stage = stage
        self._script = script
        self._console = console
        self._began = time.monotonic()
        self.sender = Sender(stage.addresses, stage.token)

    async def play(self) -> None:
        """Open everything, strike, and wait until nothing is in motion any more."""
        await asyncio.sleep(_WELL_S)
        self._began = time.monotonic()
        client = await self._stage.temporal.connect()
        async with asyncio.TaskGroup() as together:
            together.create_task(self._strike_all())
            for case in self._script.cases:
                together.create_task(self._live(client, case))
        await self._settle(client)

    def say(self, text: str) -> None:
        self._console.print(f"{time.monotonic() - self._began:6.1f} s  {text}", markup=False, soft_wrap=True)
        self._console.file.flush()  # progress is to be read while it runs, also in a file

    # -- blows

    async def _strike_all(self) -> None:
        for number, blow in enumerate(self._script.blows, start=1):
            await asyncio.sleep(blow.after_s)
            self.say(f"blow {number} of {len(self._script.blows)}: {_named(blow)}, for {blow.down_s:.1f} s")
            await asyncio.to_thread(self._stage.mortals.strike, blow.victims, blow.down_s)
        self.say("the last blow has fallen, and everything is up again")

    # -- incidents

    async def _live(self, client: Client, case: Case) -> None:
        await asyncio.sleep(case.at_s)
        holder = OWN if case.kind is Kind.PASSING else REPORT
        patient = await asyncio.to_thread(self._stage.fall_ill, case.service, holder)
        self.sender.knows(case.service, patient.ill_since or collect.now())
        await asyncio.sleep(_SCRAPED_S)
        await self._deliver(case)
        self.say(f"open    {case.service}: {case.kind}")
        if case.kind is Kind.APPROVED:
            answer = await approve(client, f"incident-{case.service}", _DECIDES_WITHIN_S)
            self.say(f"decided {case.service}: {answer or 'there was nothing to decide'}")
        if case.kind is Kind.PASSING:
            await self._pass(case, patient)

    async def _deliver(self, case: Case) -> None:
        """Twice at once, as a pair of Alertmanagers does; a storm also joins and merges."""
        door = ASKS if case.kind in _ASKS else ACTS
        async with asyncio.TaskGroup() as together:
            for _ in range(2):
                together.create_task(self.sender.deliver(door, case.service))
        if case.kind is Kind.JOINED:
            async with asyncio.TaskGroup() as together:
                for series in (2, 3):
                    together.create_task(self.sender.deliver(door, case.service, series=series))
                together.create_task(self.sender.deliver(door, case.caller, measured=case.service))

    async def _pass(self, case: Case, patient: Patient) -> None:
        await asyncio.sleep(_PASSES_AFTER_S)
        await asyncio.to_thread(patient.recover)
        await self.sender.deliver(ACTS, case.service, status="resolved")

    # -- the end

    async def _settle(self, client: Client) -> None:
        """Until every incident is closed or waits for people, and has waited long enough to be overdue for all."""
        give_up = time.monotonic() + _SETTLES_WITHIN_S
        moving = ["?"]
        while moving and time.monotonic() < give_up:
            await asyncio.sleep(_LOOK_EVERY_S)
            moving = [run.id async for run in collect.running(client) if await self._moves(client, run.id)]
            self.say(f"{len(moving)} incidents are in motion: {', '.join(moving[:6])}")
        async for run in collect.running(client):
            said = await acknowledge(handle_of(client, run.id))
            self.say(f"acknowledged {run.id}: {said}")

    async def _moves(self, client: Client, key: str) -> bool:
        view = await view_of(handle_of(client, key))
        if view is None or view.state is not State.WAITING_FOR_PEOPLE:
            return True
        return (collect.now() - view.opened_at).total_seconds() < _LEAST_OPEN_S

    async def collect(self) -> Evidence:
        """All that is seen from outside, at a moment at which nothing is being said."""
        client = await self._stage.temporal.connect()
        before = await collect.incidents(client)
        while True:
            await asyncio.sleep(_QUIET_S)
            letters = collect.letters(self._stage.inbox)
            seen = await collect.incidents(client)
            if _said(seen) == _said(before):
                break
            before = seen
        with self._stage.postgres.connect(STORE) as store:
            return Evidence(
                now=collect.now(),
                alerts=tuple(self.sender.accepted.values()),
                incidents=tuple(seen),
                letters=letters,
                acts=collect.acts(store),
                patients=collect.patients(self._stage.patients),
                locks=collect.locks(store),
                must_call=self._must_call(seen),
                downs=tuple(self._stage.mortals.downs),
            )

    def _must_call(self, seen: Sequence[Incident]) -> frozenset[str]:
        """What nobody answered must have called somebody, whatever became of it."""
        silent = {f"incident-{case.service}" for case in self._script.cases if case.kind is Kind.UNANSWERED}
        return frozenset(incident.view.incident for incident in seen if incident.view.key in silent)


def _said(seen: Sequence[Incident]) -> list[tuple[str, int, int]]:
    return [(i.view.incident, len(i.view.clock.told), len(i.view.deliveries)) for i in seen]


def _named(blow: Blow) -> str:
    return " and ".join(blow.victims)
