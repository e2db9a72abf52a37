"""Alerts that join: whenever they come, in whatever order and number, it is one incident and nothing is lost."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from domain.escalation import Reason
from domain.incident import Outcome, State
from domain.levels import Severity
from domain.message import Moment
from domain.timeline import Kind
from domain.verification import Recovery
from domain.view import IncidentView
from integrations.ports import Unavailable
from tests.fakes import FakeChannel
from tests.workflows.conftest import NightOf
from tests.workflows.night import Night, story, texts, view
from tests.workflows.telling import dark, in_the_dark, minutes, said, tells, told, unhurried
from tests.workflows.world import Handle, World

STAGES = (
    "gathering", "investigating", "diagnosing", "waiting for approval", "acting", "verifying", "watching",
    "writing the postmortem",
)  # fmt: skip
_HELD = {"investigating": "look_at_logs", "diagnosing": "rank"}
_UNSEEN = {"acting", "verifying", "watching", "writing the postmortem"}
_AGAIN = {"watching", "writing the postmortem"}
_SEEN = {"acting": State.ACTING, "verifying": State.VERIFYING, "watching": State.WATCHING}


async def _opened_up_to(night: Night, stage: str) -> Handle:
    """An incident that is at this stage, and stays there for the moment."""
    if stage in _HELD:
        night.world.hold_at(_HELD[stage])
    if stage == "acting":
        night.world.remediator.free.clear()
    if stage == "writing the postmortem":
        night.world.postmortems.error = Unavailable("the store is away")
    handle = await night.open()
    if stage in _HELD:
        await night.reaches(_HELD[stage])
    elif stage == "waiting for approval":
        await night.until(handle, lambda v: v.waiting is not None, stage, step_s=1)
    elif stage in _SEEN:
        await night.until(handle, lambda v: v.state is _SEEN[stage], stage, step_s=1)
    elif stage == "writing the postmortem":
        await night.until(handle, lambda v: v.state.closed, stage)
    return handle


async def _approves(night: Night, handle: Handle) -> None:
    """A person says yes to whatever is asked, until it is over; it is asked again when an alert joined the watch."""
    while (seen := await view(handle)).outcome is None:
        if seen.waiting is not None:
            await handle.signal("approve", {"digest": seen.waiting.digest, "who": "ana"})
        await night.pass_time(seconds=15)


@pytest.mark.parametrize("stage", STAGES)
async def test_an_alert_joins_at_every_stage(night_of: NightOf, stage: str) -> None:
    """Another alert of the service, by the starter's door: the same run takes it in, and ends when both are well.

    What joins while it is fixed was never seen bad: its sender must say that it is over. Later it is trouble anew.
    """
    world = World()
    if stage == "waiting for approval":
        world.guard.freeze("mia", "release day", until=datetime(2200, 1, 1, tzinfo=UTC), at=datetime.now(UTC))
    async with night_of(world) as night:
        handle = await _opened_up_to(night, stage)
        if stage in _AGAIN:
            world.value = 0.4
        joined = await night.open(await night.alert("HighLatency"))
        await night.pass_time(seconds=1)
        world.let_go()
        if stage == "waiting for approval":
            await _approves(night, handle)
        if stage in _UNSEEN:
            await night.pass_time(seconds=75)
            await night.open(await night.alert("HighLatency", resolved=True))
        summary = await night.end(handle)
        seen = await view(joined)
    assert seen.incident == summary.incident
    assert joined.first_execution_run_id == handle.first_execution_run_id
    assert {a.name for a in seen.anomalies} == {"HighErrorRate", "HighLatency"}
    assert seen.sightings == (3 if stage in _UNSEEN else 2)
    assert len(texts(seen, Kind.ALERT)) == seen.sightings
    assert seen.attempts[-1].held is True, story(seen)
    assert list(world.incidents.views) == [seen.incident]


async def test_an_alert_that_joined_a_fix_and_fires_on_is_for_people(night: Night) -> None:
    """Its number looks well, and nobody ever saw it bad: it may be that of another cluster."""
    handle = await _opened_up_to(night, "verifying")
    await night.open(await night.alert("HighLatency"))
    seen = await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "people")
    verdict = seen.attempts[-1].verification
    assert verdict is not None
    assert verdict.recovery is Recovery.CANNOT_TELL
    assert Reason.CANNOT_TELL in {call.reason for call in seen.clock.raised}, story(seen)


async def test_the_same_alert_twice_is_one_anomaly_and_one_row(night: Night) -> None:
    """A sender repeats itself: counted as seen twice, said once, and it makes no second attempt."""
    alert = await night.alert()
    handle = await night.open(alert)
    await night.until(handle, lambda v: v.state is State.WATCHING, "watching")
    await night.report(handle, alert)
    summary = await night.end(handle)
    seen = await view(handle)
    assert (summary.outcome, summary.attempts) == (Outcome.AUTO_RESOLVED, 1)
    assert seen.sightings == 2
    assert len(seen.anomalies) == len(texts(seen, Kind.ALERT)) == 1


async def test_two_alerts_of_one_service_at_the_same_time_are_one_incident(night: Night) -> None:
    """Two deliveries race to open it: one run, which knows both before it looks for a cause."""
    first, second = await night.alert(), await night.alert("HighLatency")
    one, other = await asyncio.gather(night.open(first), night.open(second))
    summary = await night.end(one)
    seen = await view(other)
    assert one.first_execution_run_id == other.first_execution_run_id
    assert summary.attempts == 1
    assert {a.name for a in night.world.looks[0].anomalies} == {"HighErrorRate", "HighLatency"}
    assert list(night.world.incidents.views) == [seen.incident]


async def test_an_alert_that_fires_anew_while_the_postmortem_is_written_reopens_it(night: Night) -> None:
    """Resolved and closed, then a new episode of the same series: the same incident goes on, and is closed anew."""
    alert = await night.alert()
    handle = await night.open(alert)
    night.world.postmortems.error = Unavailable("the store is away")
    closed = await night.until(handle, lambda v: v.state.closed, "closed")
    again = alert.model_copy(update={"starts_at": await night.now(), "seen_at": await night.now()})
    night.world.value = 0.4
    await night.report(handle, again)
    await night.pass_time(seconds=1)
    night.world.let_go()
    summary = await night.end(handle)
    seen = await view(handle)
    assert summary.outcome == Outcome.AUTO_RESOLVED
    assert seen.incident == closed.incident
    assert closed.closed_at is not None
    assert seen.closed_at is not None
    assert seen.closed_at > closed.closed_at
    assert texts(seen, Kind.STATE).count("resolved") == 2
    assert seen.clock.detected_at == closed.clock.detected_at


async def test_a_repeated_alert_while_the_postmortem_is_written_does_not_reopen_it(night: Night) -> None:
    """The same episode again says nothing new: the incident is over."""
    alert = await night.alert()
    handle = await night.open(alert)
    night.world.postmortems.error = Unavailable("the store is away")
    await night.until(handle, lambda v: v.state.closed, "closed")
    await night.report(handle, alert)
    night.world.let_go()
    await night.end(handle)
    assert texts(await view(handle), Kind.STATE).count("resolved") == 1


_STORE_DOWN = ("all of it", "when it is written up already")


@pytest.mark.parametrize("down", _STORE_DOWN)
async def test_while_the_store_is_away_an_alert_reopens_a_closing_incident_at_once_and_pages(
    night_of: NightOf, down: str
) -> None:
    """Nothing can be written, for ever: who was told hears within a minute that it is over, and a CRITICAL alert of
    the service calls within half a minute. It is the same incident, and nobody waits for the store.
    """
    pager, email = FakeChannel("pagerduty"), FakeChannel("email")
    world = dark(pager, email, policy=unhurried().model_copy(update={"recheck_s": 60}))
    async with night_of(world) as night:
        handle = await in_the_dark(night, Severity.HIGH)
        await tells(night, handle, 1)
        if down == "all of it":
            world.postmortems.error = world.memory.error = Unavailable("the store is away")
        world.incidents.error = world.audit.error = Unavailable("the store is away")
        await handle.signal("resolve", {"who": "ana"})
        await night.until(handle, lambda v: v.state.closed, "closed", step_s=1)
        await night.pass_time(minutes=1)
        assert [m.moment for m in email.sent.values()] == [Moment.CALL, Moment.CLOSED]
        raised_at = await night.now()
        await night.report(handle, await night.alert("Down", severity=Severity.CRITICAL))
        await night.until(handle, lambda _: bool(pager.sent), "a page", step_s=5, at_most=timedelta(minutes=2))
        seen = await view(handle)
    assert not seen.state.closed
    assert minutes(raised_at, _first_call(seen, Severity.CRITICAL)) < 0.5


def _first_call(seen: IncidentView, severity: Severity) -> datetime:
    return next(t.at for t in seen.clock.told if t.awaits and t.severity is severity)


# -- severity that rises in flight ------------------------------------------------------------------------------------


async def test_a_raise_says_all_that_is_overdue_in_one_message_and_runs_from_the_first_detection(
    night_of: NightOf,
) -> None:
    """MEDIUM for 47 minutes, then HIGH: its delay, 75 % of its target and its time to answer are over by then,
    and its target is an hour from the beginning.
    """
    async with night_of(dark()) as night:
        handle = await in_the_dark(night, Severity.MEDIUM)
        await night.pass_time(minutes=47)
        await night.report(handle, await night.alert("Down", severity=Severity.HIGH))
        seen = await tells(night, handle, 5, step_s=15)
    assert seen.severity is Severity.HIGH
    assert told(seen) == [
        said(15, Reason.ANNOUNCED, tier=3),
        said(30, Reason.UNRESOLVED, tier=3),
        said(47, Reason.UNRESOLVED, Reason.SLA_AT_RISK, Reason.NOT_ACKNOWLEDGED, tier=2),
        said(57, Reason.NOT_ACKNOWLEDGED, tier=1),
        said(60, Reason.SLA_MISSED, tier=1),
    ]


async def test_a_raise_to_critical_is_told_at_once(night_of: NightOf) -> None:
    """HIGH for 8 minutes, then CRITICAL: tier 1 is called, and its 15 minutes run from the beginning."""
    async with night_of(dark()) as night:
        handle = await in_the_dark(night, Severity.HIGH)
        await night.pass_time(minutes=8)
        await night.report(handle, await night.alert("Down", severity=Severity.CRITICAL))
        seen = await tells(night, handle, 4, step_s=15)
    assert told(seen) == [
        said(5, Reason.ANNOUNCED, tier=2),
        said(8, Reason.CRITICAL, tier=1),
        said(11.25, Reason.SLA_AT_RISK, tier=1),
        said(13, Reason.NOT_ACKNOWLEDGED, tier=1),
    ]


async def test_severity_never_falls_by_itself(night: Night) -> None:
    """The worse alert is resolved: what is left is a warning, and the incident stays as bad as it was."""
    worse = await night.alert("Down", severity=Severity.HIGH)
    handle = await night.open(worse, await night.alert(severity=Severity.MEDIUM))
    await night.report(handle, worse.model_copy(update={"status": "resolved"}))
    await night.pass_time(seconds=25)
    assert (await view(handle)).severity is Severity.HIGH


# -- out of order -----------------------------------------------------------------------------------------------------


async def test_a_firing_that_arrives_after_its_resolved_is_stale(night: Night) -> None:
    """One episode, delivered the wrong way round: it stays resolved, and nobody looks for a cause."""
    alert = await night.alert()
    night.world.value = 0.0
    handle = await night.open(alert.model_copy(update={"status": "resolved"}))
    await night.report(handle, alert)
    summary = await night.end(handle)
    seen = await view(handle)
    assert summary.outcome == Outcome.SELF_RESOLVED
    assert [a.firing for a in seen.anomalies] == [False]
    assert not night.world.looks


async def test_an_old_resolved_does_not_end_a_new_episode(night: Night) -> None:
    """The resolved of the first episode arrives after the second one fired: it fires, and it is worked on."""
    first = await night.alert()
    await night.pass_time(minutes=1)
    handle = await night.open(await night.alert())
    await night.report(handle, first.model_copy(update={"status": "resolved"}))
    await night.pass_time(seconds=1)
    assert [a.firing for a in (await view(handle)).anomalies] == [True]
    summary = await night.end(handle)
    assert (summary.outcome, summary.attempts) == (Outcome.AUTO_RESOLVED, 1)


# -- a storm ----------------------------------------------------------------------------------------------------------

_STORM = 300


async def test_a_storm_for_one_service_is_one_incident_with_a_bounded_history(night: Night) -> None:
    """Three hundred deliveries, each of a series of its own: all are counted, a hundred are listed, and it is over
    when their sender says so of all of them: twenty are watched.

    A signal is an event, and at the most three more of the task that reads it; the incident itself is some hundreds.
    """
    handle = await night.open()
    alerts = [await night.alert(fingerprint=f"pod-{n}") for n in range(_STORM - 1)]
    await asyncio.gather(*(night.report(handle, alert) for alert in alerts))
    await night.until(handle, lambda v: bool(texts(v, Kind.VERIFICATION)), "the first verdict")
    await night.report(handle, *[await night.alert(fingerprint=a.fingerprint, resolved=True) for a in alerts])
    summary = await night.end(handle)
    seen = await view(handle)
    history = await handle.fetch_history()
    assert summary.outcome == Outcome.AUTO_RESOLVED
    assert seen.sightings == 2 * _STORM - 1
    assert len(seen.anomalies) == 100
    assert len(seen.timeline) <= 301
    assert len(history.events) <= 4 * _STORM + 400
    assert list(night.world.incidents.views) == [seen.incident]
