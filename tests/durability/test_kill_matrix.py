"""Whatever stage an incident is at: when the worker or Temporal's server dies, nothing is lost or done twice.

All rows are brought to their stages, then one blow falls on all of them.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from domain.escalation import Reason
from domain.incident import Outcome
from domain.verification import Recovery
from evals.chaos import collect
from evals.chaos.evidence import Evidence
from evals.chaos.judge import Sort, judge
from evals.chaos.lateness import out_of_order
from evals.chaos.patients import OWN, REPORT, SESSIONS
from evals.chaos.people import approve, handle_of, view_of
from evals.chaos.script import Victim
from integrations.kubernetes.objects import PLAN
from rig.servers.kube_rollout import is_complete, revision
from tests.adapters.deployments import NAME
from tests.durability.house import (
    ENDS_WITHIN_S,
    SCRAPED_S,
    Case,
    House,
    only,
    pending_activities,
    pending_timers,
    story,
    told,
    until,
)
from tests.durability.release import BAD, GOOD, REPLICAS
from tests.durability.rows import LONG_S, RELEASE, ROWS, VICTIMS, Call, Rollout, Row, Scheduled, Wait
from tests.durability.tries import last_tries, tries_so_far
from tests.durability.wiretap import Fate

SETTLE = "until the fix can be judged"
DOWN_S = 1.0
PACE = 3


@dataclass
class Caught:
    """What was under way when the blow fell: activities without a result, timers that ran, sessions that had ended, and
    whether a release was being put back.
    """

    activities: list[str]
    timers: list[str]
    ended: int
    rolling: bool


@dataclass
class Aftermath:
    """A victim's blow: what it caught of each row, and what is seen outside when all is over."""

    prefix: str
    victim: Victim
    caught: dict[str, Caught]
    evidence: Evidence

    def of(self, row: Row) -> Evidence:
        return only(self.evidence, f"{self.prefix}-{row.slug}")


@pytest.fixture(scope="module", params=list(VICTIMS))
async def blow(request: pytest.FixtureRequest, house: House, client: Client) -> Aftermath:
    """All rows at their stages, one blow, and the end of them all."""
    prefix, victim = str(request.param), VICTIMS[str(request.param)]
    if any(worker.starts > 1 for worker in house.stage.mortals.workers):
        # On a connection that is used for long statements are sent by a name, and could not be told apart any more.
        await asyncio.to_thread(house.stage.mortals.strike, (Victim.WORKER,), 0)
    cases = [house.admit(row, client, prefix) for row in ROWS]
    house.listen(cases)
    await _bring(house, client, cases)
    caught = await _strike(house, cases, victim)
    await asyncio.gather(*(_help_out(client, case, victim) for case in cases))
    await asyncio.gather(*(_ends(case) for case in cases))
    return Aftermath(prefix, victim, caught, await house.evidence(client, [case.service for case in cases]))


async def _bring(house: House, client: Client, cases: Sequence[Case]) -> None:
    """To their stages, in turns. How long the first takes says how long a wait has to be that outlasts the others.

    Releases are rolled out meanwhile, which takes a while and holds up nobody.
    """
    long_s = LONG_S
    releases = {c.service: asyncio.create_task(asyncio.to_thread(c.release.fall_ill)) for c in cases if c.release}
    for turn in sorted({case.row.turn for case in cases}):
        mine = [case for case in cases if case.row.turn == turn]
        for case in mine:
            if case.service in releases:
                await releases[case.service]
            await asyncio.to_thread(house.fall_ill, case)
        await asyncio.sleep(SCRAPED_S)
        began = time.monotonic()
        for case in mine:
            await house.open(client, case, long_s)
        before = [case for case in mine if case.row.person == "approves before the blow"]
        await asyncio.gather(*(approve(client, case.key, ENDS_WITHIN_S) for case in before))
        await asyncio.gather(*(house.caught(case) for case in mine))
        long_s = max(long_s, PACE * (time.monotonic() - began))


async def _strike(house: House, cases: Sequence[Case], victim: Victim) -> dict[str, Caught]:
    """Ask what is under way while the server lives: when it is the one that dies, just before."""
    mortals = house.stage.mortals
    if victim is Victim.WORKER:
        await asyncio.to_thread(mortals.kill, victim)
        caught = await _under_way(cases)
        house.let_go(Fate.CUT)
    else:
        caught = await _under_way(cases)
        await asyncio.to_thread(mortals.kill, victim)
    await asyncio.sleep(DOWN_S)
    await asyncio.to_thread(mortals.revive, victim)
    house.let_go(Fate.PASSED)
    return caught


async def _under_way(cases: Sequence[Case]) -> dict[str, Caught]:
    async def look(case: Case) -> Caught:
        activities, timers = await asyncio.gather(pending_activities(case.handle), pending_timers(case.handle))
        rolling = case.release is not None and await asyncio.to_thread(case.release.half_way)
        return Caught(activities, timers, len(case.patient.held.ended), rolling)

    looks = await asyncio.gather(*(look(case) for case in cases))
    return {case.row.name: seen for case, seen in zip(cases, looks, strict=True)}


async def _help_out(client: Client, case: Case, victim: Victim) -> None:
    """What comes after the blow: people approve, or see to it that the connections are given back; pods get ready, when
    another worker waits for them where one has died.
    """
    if case.row.person == "approves after the blow":
        await approve(client, case.key, ENDS_WITHIN_S)
    if case.row.holder == OWN:
        pending = isinstance(case.row.caught, Wait)
        called = await until(lambda: _called(case, 2 if pending else 1), ENDS_WITHIN_S)
        assert called, await story(case.handle)
        await asyncio.to_thread(case.patient.recover)
    if case.release is not None:
        again = victim is Victim.SERVER or await until(lambda: _tried_again(case), ENDS_WITHIN_S)
        assert again, await story(case.handle)
        case.release.let_through()


async def _tried_again(case: Case) -> bool:
    return await tries_so_far(case.handle, "execute") > 1


async def _called(case: Case, times: int) -> bool:
    view = await view_of(case.handle)
    return view is not None and len(view.clock.told) >= times and any(d.delivered for d in view.deliveries)


async def _ends(case: Case) -> None:
    async def over() -> bool:
        return (await case.handle.describe()).status is not WorkflowExecutionStatus.RUNNING

    if not await until(over, ENDS_WITHIN_S):
        raise AssertionError(f"{case.row.name}: not over in time:\n{await story(case.handle)}")


each_row = pytest.mark.parametrize("row", ROWS, ids=[row.slug for row in ROWS])


@each_row
async def test_the_blow_caught_the_incident_at_its_stage(blow: Aftermath, row: Row) -> None:
    """Else the other claims would be about something else. Ranking calls nobody: that it was ordered has been seen."""
    caught = blow.caught[row.name]
    match row.caught:
        case Call():
            assert row.caught.activity in caught.activities
        case Wait(timer):
            assert [name for name in caught.timers if name.startswith(timer)]
        case Scheduled():
            pass
        case Rollout():
            assert row.caught.activity in caught.activities
            assert caught.rolling
    if row.ended is not None:
        assert caught.ended == row.ended


@each_row
async def test_nothing_was_lost_and_nothing_was_done_twice(blow: Aftermath, row: Row) -> None:
    """One incident for the alert, mail by Message-ID, sessions by SQLSTATE, audit rows, reservations, timers."""
    assert judge(blow.of(row)) == ()


@each_row
async def test_it_came_to_the_end_that_it_would_have_come_to(blow: Aftermath, row: Row) -> None:
    (incident,) = blow.of(row).incidents
    assert incident.view.outcome is row.outcome, told(incident.view)
    assert [f.title for f in incident.view.findings if f.source == "metrics" and f.presence == "missing"] == []


@each_row
async def test_each_timer_fired_once_and_in_order(blow: Aftermath, row: Row) -> None:
    (incident,) = blow.of(row).incidents
    assert [t.name for t in incident.timers if t.fired + t.canceled != 1 and "one write" not in t.name] == []
    assert out_of_order(incident) == []
    if row.outcome is not Outcome.SELF_RESOLVED:
        assert len([t for t in incident.timers if t.name == SETTLE]) == 1


@each_row
async def test_what_was_done_was_done_to_what_was_meant(blow: Aftermath, house: House, row: Row) -> None:
    """All sessions that held the connections, none of those that came later, and all of them counted; or replicas."""
    evidence = blow.of(row)
    (patient,) = evidence.patients
    meant = SESSIONS if row.holder == REPORT else 0
    assert patient.codes == ("57P01",) * meant
    bystanders = house.stage.patients[f"{blow.prefix}-{row.slug}"].bystanders
    assert bystanders.opened == (1 if meant else 0), "one came as soon as one could connect again"
    assert patient.bystanders == 0
    affected = {REPORT: [SESSIONS], RELEASE: [REPLICAS], OWN: []}
    assert [act.affected for act in evidence.acts] == affected[row.holder]


@each_row
async def test_nobody_was_paged_twice(blow: Aftermath, house: House, row: Row) -> None:
    """One incident of theirs for one of ours, and one call: a page that was taken before the blow is found again."""
    (incident,) = blow.of(row).incidents
    theirs = [one for one in house.pager.incidents if one.key == incident.view.incident]
    calls = [page for page in house.pager.pages if page.incident in {one.id for one in theirs}]
    assert len(theirs) == len(calls)
    assert len(theirs) == 1 if row.paged else len(theirs) <= 1


@each_row
async def test_nobody_reads_of_it_in_two_threads(blow: Aftermath, house: House, client: Client, row: Row) -> None:
    """One root, no message twice, and none that was not ordered: what Slack has is found there by its mark."""
    (incident,) = blow.of(row).incidents
    mine = [m for m in house.slack.messages if incident.view.incident in m.everything]
    roots = [m for m in mine if m.thread_ts is None]
    marks = [m.metadata["event_payload"]["key"] for m in mine]
    assert len(marks) == len(set(marks))
    assert len(roots) == 1 if row.threaded else len(roots) <= 1
    assert {m.thread_ts for m in mine} <= {None, *(root.ts for root in roots)}
    events = [event async for event in handle_of(client, incident.view.key).fetch_history_events()]
    ordered = await collect.orders(client, events, "slack")
    name = incident.view.incident
    assert set(marks) <= {f"{name}.root", *(f"{name}.{order.number}" for order in ordered)}
    told = [order.told for order in ordered if order.told is not None]
    assert len(told) == len(set(told))


async def test_a_release_was_put_back_once_and_another_worker_saw_it_through(
    blow: Aftermath, house: House, client: Client
) -> None:
    """The API server counts: three revisions, three generations, and the mark of the one plan on the last."""
    (row,) = (row for row in ROWS if row.holder == RELEASE)
    (incident,) = blow.of(row).incidents
    (attempt,) = incident.view.attempts
    release = house.release(f"{blow.prefix}-{row.slug}")
    stands = release.read()
    about = stands["metadata"]
    assert release.sets() == [("2", f"{NAME}:{BAD}", 0), ("3", f"{NAME}:{GOOD}", REPLICAS)]
    assert (revision(stands), about["generation"], about["annotations"][PLAN]) == ("3", 3, attempt.plan.digest)
    assert is_complete(stands)
    assert attempt.verification is not None
    assert attempt.verification.recovery is Recovery.RECOVERED, told(incident.view)
    (tried,) = await last_tries(handle_of(client, incident.view.key), "execute")
    if blow.victim is Victim.WORKER:
        assert tried.number > 1
        assert tried.after_silence
        assert tried.process in house.workers


async def test_who_was_to_be_called_when_the_blow_fell_was_called_once(blow: Aftermath) -> None:
    """The timer of the escalation ran while nobody was there."""
    (row,) = (row for row in ROWS if row.name == "escalation pending")
    (incident,) = blow.of(row).incidents
    times = sum(Reason.UNRESOLVED in told.reasons for told in incident.view.clock.told)
    assert times == 1


SPOILT: dict[str, tuple[Callable[[Evidence], Evidence], Sort]] = {
    "without its incidents": (lambda e: replace(e, incidents=()), Sort.LOST),
    "without its mail": (lambda e: replace(e, letters=()), Sort.ESCALATION_LOST),
    "with an act twice": (lambda e: replace(e, acts=(*e.acts, e.acts[0])), Sort.DOUBLED),
    "with a bystander ended": (
        lambda e: replace(e, patients=tuple(replace(p, bystanders=1) for p in e.patients)), Sort.DOUBLED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", SPOILT)
async def test_the_control_the_same_evidence_spoilt_is_red(blow: Aftermath, how: str) -> None:
    spoil, sort = SPOILT[how]
    assert sort in {problem.sort for problem in judge(spoil(blow.evidence))}
