"""How an incident ends when nobody says a word: fixed by the machine, by itself, or not at all."""

from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from domain.incident import Outcome, State
from domain.levels import Risk
from domain.timeline import Kind
from domain.view import IncidentView
from integrations.ports import Unavailable
from tests.workflows.conftest import NightOf
from tests.workflows.night import Night, story, texts, view
from tests.workflows.world import POLICY, SLOW, World
from workflows.incident import IncidentWorkflow


async def test_an_action_that_helps_ends_as_auto_resolved_without_telling_anybody(night: Night) -> None:
    """The whole story: understood, fixed, verified, watched, written up, remembered, and no page."""
    handle = await night.open()
    summary = await night.end(handle)
    seen = await view(handle)
    assert (summary.outcome, summary.escalated, summary.attempts) == (Outcome.AUTO_RESOLVED, False, 1)
    assert night.world.remediator.ended == ["11@a", "12@b", "13@c"]
    assert seen.attempts[0].held is True
    assert seen.postmortem is not None
    assert seen.incident in night.world.memory.incidents
    assert not night.world.channels[0].sent, "nobody had to know within five minutes"
    states = [text for text in texts(seen, Kind.STATE) if text in list(State)]
    assert states == ["investigating", "diagnosed", "acting", "verifying", "watching", "resolved"]


async def test_what_others_see_is_what_the_workflow_knows_after_the_close(night: Night) -> None:
    """The query answers after the close, and the projection in the store has the same last view."""
    handle = await night.open()
    await night.end(handle)
    seen = await view(handle)
    assert seen.state is State.RESOLVED
    assert night.world.incidents.views[seen.incident] == seen


async def test_clocks_stop_at_the_verified_recovery_not_at_the_close(night: Night) -> None:
    """MTTR ends when it was seen to be well again; the watch after it is not counted."""
    handle = await night.open()
    await night.end(handle)
    seen = await view(handle)
    assert seen.closed_at is not None
    assert seen.clock.stopped_at == seen.recovered_at
    assert seen.closed_at - seen.clock.stopped_at >= timedelta(seconds=POLICY.watch_s)  # type: ignore[operator]


async def test_a_new_installation_only_observes(night_of: NightOf) -> None:
    """In observe mode everything is thought through, nothing is done, and people are told what would have been."""
    world = World(policy=POLICY.model_copy(update={"max_risk_level": Risk.OBSERVE}))
    async with night_of(world) as night:
        handle = await night.open()
        seen = await night.until(handle, lambda v: v.escalated, "people told")
    assert world.remediator.executions == 0
    assert seen.attempts[0].executed is None
    assert seen.attempts[0].gate.clause == "observe"
    assert "dry run" in next(iter(world.channels[0].sent.values())).text


async def test_not_better_is_tried_again_up_to_the_policys_number(night_of: NightOf) -> None:
    """HIGH allows two attempts; then they are used up, and people are told."""
    world = World(cures=(0.4,))
    async with night_of(world) as night:
        handle = await night.open()
        seen = await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "used up")
    assert world.remediator.executions == 2
    assert [a.verification.recovery for a in seen.attempts if a.verification] == ["not better", "not better"]
    assert [r.reason for r in seen.clock.raised] == ["attempts_used_up"]
    assert len(world.looks) == 2, "each attempt looks with fresh eyes"


async def test_improving_earns_another_wait_before_it_is_judged(night_of: NightOf) -> None:
    """Half of the excess gone is no failure yet: it is measured again, and then it is well."""
    world = World(cures=((0.2, 0.2, 0.0),))
    async with night_of(world) as night:
        handle = await night.open()
        summary = await night.end(handle)
        seen = await view(handle)
    assert (summary.outcome, summary.attempts) == (Outcome.AUTO_RESOLVED, 1)
    said = [text.split(":")[0] for text in texts(seen, Kind.VERIFICATION)]
    assert said == ["improving", "recovered"], story(seen)


async def test_improving_that_stops_improving_is_not_fixed(night_of: NightOf) -> None:
    """The policy's one extra round is over: the next attempt comes."""
    world = World(cures=(0.2,))
    async with night_of(world) as night:
        handle = await night.open()
        seen = await night.until(handle, lambda v: len(v.attempts) == 2, "a second attempt")
    assert seen.attempts[0].verification is not None
    assert seen.attempts[0].verification.recovery == "improving"
    assert [text.split(":")[0] for text in texts(seen, Kind.VERIFICATION)][:2] == ["improving", "improving"]


async def test_when_nobody_can_tell_nothing_more_is_done_and_people_are_told(night_of: NightOf) -> None:
    """The number cannot be had after the action: no second action, not even when it is seen again, and bad, and
    something new fires. Another action could make worse what the first one did.
    """
    world = World(cures=((None, None, 0.4),))
    async with night_of(world) as night:
        handle = await night.open()
        await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "stuck")
        await night.report(handle, await night.alert("HighLatency"))
        seen = await night.until(handle, lambda v: _times(v, "diagnosed") == 2 and not v.state.closed, "looked again")
    assert world.remediator.executions == 1
    assert "cannot_tell" in [r.reason for r in seen.clock.raised]
    assert seen.escalated


def _times(seen: IncidentView, state: str) -> int:
    return texts(seen, Kind.STATE).count(state)


async def test_a_recovery_that_shows_later_settles_what_nobody_could_tell(night_of: NightOf) -> None:
    """The source comes back and the number is well: the action gets its verdict, and holds."""
    world = World(cures=((None, None, None, 0.0),))
    async with night_of(world) as night:
        handle = await night.open()
        summary = await night.end(handle)
        seen = await view(handle)
    assert summary.outcome == Outcome.AUTO_RESOLVED
    assert summary.escalated
    assert seen.attempts[0].held is True


async def test_what_recovers_in_a_persons_hands_is_not_credited_to_the_attempt_before(night_of: NightOf) -> None:
    """Nobody could tell what the action did; Ana took over and mended it. The machine learns nothing of that."""
    world = World(cures=(None,))
    async with night_of(world) as night:
        handle = await night.open()
        await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "stuck")
        await handle.signal("take", {"who": "ana"})
        world.value = 0.0
        summary = await night.end(handle)
        seen = await view(handle)
    assert summary.outcome == Outcome.RESOLVED_BY_HUMAN
    assert seen.attempts[0].held is None
    assert seen.attempts[0].verification is not None
    assert seen.attempts[0].verification.recovery == "cannot tell"


async def test_who_takes_it_while_a_fix_is_watched_has_not_fixed_it(night: Night) -> None:
    handle = await night.open()
    await night.until(handle, lambda v: v.state is State.WATCHING, "watching")
    await handle.signal("take", {"who": "ana"})
    summary = await night.end(handle)
    assert summary.outcome == Outcome.AUTO_RESOLVED
    assert (await view(handle)).attempts[0].held is True


async def test_an_action_that_fails_is_followed_by_the_next_attempt(night_of: NightOf) -> None:
    """The failure is recorded with its words, the target is let go, and it is tried again."""
    world = World()
    world.remediator.fails = ApplicationError("permission denied", type="Rejected", non_retryable=True)
    async with night_of(world) as night:
        handle = await night.open()
        seen = await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "used up")
    assert [a.error for a in seen.attempts] == ["permission denied", "permission denied"]
    assert [result for _, _, result in world.guard.results] == ["failed: permission denied"] * 2
    assert "attempts_used_up" in [r.reason for r in seen.clock.raised]


async def test_a_precheck_that_objects_stops_the_action(night_of: NightOf) -> None:
    """What speaks against acting is the reason that people read."""
    world = World()
    world.remediator.objection = "a failover of orders is under way"
    async with night_of(world) as night:
        handle = await night.open()
        seen = await night.until(handle, lambda v: v.escalated, "people told")
    assert world.remediator.executions == 0
    assert seen.attempts[0].gate.clause == "precheck"
    assert "a failover of orders is under way" in next(iter(world.channels[0].sent.values())).text


async def test_recovery_before_anything_was_done_is_self_resolved(night: Night) -> None:
    """All alerts are resolved and the numbers are healthy: nobody looks for a cause, nothing is touched."""
    alert = await night.alert()
    handle = await night.open(alert)
    night.world.value = 0.0
    await night.report(handle, alert.model_copy(update={"status": "resolved"}))
    summary = await night.end(handle)
    assert (summary.outcome, summary.attempts) == (Outcome.SELF_RESOLVED, 0)
    assert not night.world.looks


async def test_a_resolved_alert_whose_number_is_sick_is_worked_on(night: Night) -> None:
    """Alerts alone prove nothing: the number behind it is bad, so it goes on."""
    alert = await night.alert()
    handle = await night.open(alert)
    await night.report(handle, alert.model_copy(update={"status": "resolved"}))
    summary = await night.end(handle)
    assert (summary.outcome, summary.attempts) == (Outcome.AUTO_RESOLVED, 1)


async def test_nothing_is_touched_while_all_alerts_are_resolved_and_nobody_can_see(night_of: NightOf) -> None:
    """A dead source resolves alerts too. The machine acts when it sees that it is sick, not before."""
    world = World(value=None)
    async with night_of(world) as night:
        alert = await night.alert()
        handle = await night.open(alert)
        await night.report(handle, alert.model_copy(update={"status": "resolved"}))
        await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "waiting")
        await night.pass_time(minutes=5)
        assert world.remediator.executions == 0
        world.value = 0.4
        summary = await night.end(handle)
    assert (summary.outcome, summary.attempts) == (Outcome.AUTO_RESOLVED, 1)


async def test_a_relapse_while_watching_means_that_it_did_not_hold(night_of: NightOf) -> None:
    """Sick again: clocks run on from the first detection, and the attempt counts; the second one holds."""
    world = World(cures=((0.0, 0.0, 0.0, 0.4), 0.0))
    async with night_of(world) as night:
        handle = await night.open()
        seen = await night.until(handle, lambda v: v.attempts != () and v.attempts[0].held is False, "a relapse")
        assert seen.clock.stopped_at is None
        assert seen.recovered_at is None
        summary = await night.end(handle)
        last = await view(handle)
    assert (summary.outcome, summary.attempts) == (Outcome.AUTO_RESOLVED, 2)
    assert [a.held for a in last.attempts] == [False, True]
    assert last.clock.detected_at == seen.clock.detected_at


async def test_what_cannot_be_seen_at_the_end_of_the_watch_did_not_hold(night_of: NightOf) -> None:
    """The source dies while it is watched: it is not called recovered, people are told, and no verdict is made up."""
    world = World(cures=((0.0, 0.0, 0.0, None),))
    async with night_of(world) as night:
        handle = await night.open()
        seen = await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "lost from sight")
        assert seen.attempts[0].held is None
        assert "cannot_tell" in [r.reason for r in seen.clock.raised]
        world.value = 0.0
        summary = await night.end(handle)
    assert summary.outcome == Outcome.AUTO_RESOLVED
    assert world.remediator.executions == 1


async def test_an_action_that_did_nothing_is_not_said_to_hold_when_it_recovers_by_itself(night_of: NightOf) -> None:
    """What is learned of an action must be what it did."""
    world = World(cures=(0.4,))
    async with night_of(world) as night:
        handle = await night.open()
        await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "used up")
        world.value = 0.0
        summary = await night.end(handle)
        seen = await view(handle)
    assert summary.outcome == Outcome.SELF_RESOLVED
    assert [a.held for a in seen.attempts] == [None, None]


async def test_nobody_home_means_it_is_never_given_up(night_of: NightOf) -> None:
    """Two days without an acknowledgement and without a channel that delivers: it stays open, and is looked at."""
    world = World(cures=(0.4,), channels=(), policy=SLOW)
    async with night_of(world) as night:
        handle = await night.open()
        await night.pass_time(hours=48)
        seen = await view(handle)
    assert seen.state is State.WAITING_FOR_PEOPLE


async def test_an_acknowledged_incident_ends_as_unresolved_a_day_after_the_last_sighting(night_of: NightOf) -> None:
    """Somebody knows of it, nothing was seen for a day: it is given up, and says so."""
    world = World(cures=(0.4,), policy=SLOW)
    async with night_of(world) as night:
        handle = await night.open()
        await handle.signal("ack", {"who": "mia"})
        await night.pass_time(hours=23)
        assert (await view(handle)).outcome is None
        summary = await night.end(handle)
        seen = await view(handle)
    assert summary.outcome == Outcome.UNRESOLVED
    assert seen.closed_at is not None
    assert timedelta(hours=24) <= seen.closed_at - seen.opened_at <= timedelta(hours=25, minutes=30)


async def test_a_page_to_the_highest_tier_is_heard_too(night_of: NightOf) -> None:
    """Nobody acknowledged, but tier 1 was called and the message was delivered."""
    world = World(cures=(0.4,), policy=SLOW)
    async with night_of(world) as night:
        handle = await night.open()
        summary = await night.end(handle)
        seen = await view(handle)
    assert summary.outcome == Outcome.UNRESOLVED
    assert seen.clock.acknowledged_at is None
    assert seen.clock.tier == 1


async def test_cancelling_in_temporal_ends_it_with_a_record_of_that(night: Night) -> None:
    """In the middle of the watch: it is written down, saved, and the run counts as cancelled."""
    handle = await night.open()
    await night.until(handle, lambda v: v.state is State.WATCHING, "watching")
    await handle.cancel()
    assert await night.cancelled(handle)
    seen = await view(handle)
    assert seen.outcome is Outcome.UNRESOLVED
    assert "cancelled from outside: nobody works on it now" in texts(seen)
    assert night.world.incidents.views[seen.incident] == seen


@pytest.mark.parametrize("activity", ["look_at_logs", "rank"])
async def test_a_cancelled_activity_is_not_taken_for_a_failed_one(night: Night, activity: str) -> None:
    """Both look alike to who waits for them; an incident that is cancelled must not go on without an answer."""
    night.world.hold_at(activity)
    handle = await night.open()
    await night.reaches(activity)
    # It cannot be saved, so it waits: one that ends before its activity would leave the test server's clock locked.
    night.world.incidents.error = Unavailable("the store is away")
    await handle.cancel()
    # The test server cannot cancel an activity that completes at the same moment, so it is held until this is settled.
    await night.until(handle, lambda v: v.state.closed, "closed", step_s=0.1)
    night.world.hold[activity].set()
    await night.left(handle, activity)
    night.world.let_go()
    assert await night.cancelled(handle)
    assert night.world.remediator.executions == 0
    assert (await handle.query(IncidentWorkflow.view)).diagnosis is None


async def test_without_the_guard_nobody_acts(night_of: NightOf) -> None:
    """Whether automation is paused cannot be known: refused, told, and nothing is touched."""
    world = World()
    world.guard.error = Unavailable("the store is away")
    async with night_of(world) as night:
        handle = await night.open()
        seen = await night.until(handle, lambda v: v.escalated, "people told")
    assert world.remediator.executions == 0
    assert seen.attempts[0].gate.reason == "prechecks failed: the store is away"


async def test_a_healthy_number_of_another_cluster_neither_ends_an_incident_nor_is_acted_on(night: Night) -> None:
    """The alert came from elsewhere, and the number that it names is well here. Its sender ends it, or people."""
    night.world.value = 0.0
    alert = await night.alert()
    handle = await night.open(alert)
    await night.pass_time(minutes=30)
    seen = await view(handle)
    assert (seen.state, seen.recovered_at) == (State.WAITING_FOR_PEOPLE, None), story(seen)
    assert night.world.remediator.executions == 0
    await night.report(handle, alert.model_copy(update={"status": "resolved"}))
    summary = await night.end(handle)
    assert summary.outcome == Outcome.SELF_RESOLVED
