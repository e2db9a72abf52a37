"""What people say to an incident besides decisions: look, take over, it is fixed, nothing was wrong; stop it all."""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError

from domain.escalation import Reason
from domain.gate import Ruling
from domain.incident import Outcome, State
from domain.levels import Severity
from domain.timeline import Kind
from tests.workflows.asking import asked, decide, decision, frozen, person
from tests.workflows.conftest import NightOf
from tests.workflows.night import Night, texts, view
from tests.workflows.world import POLICY, World


async def test_hands_off_before_the_gate_touches_nothing_and_goes_on_observing(night: Night) -> None:
    """Who took over is not told that the gate refused; when it recovers, the machine sees it."""
    handle = await night.open()
    await handle.signal("take", {"who": "mia"})
    seen = await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "waiting")
    assert seen.hands_off
    assert seen.attempts[0].gate.clause == "hands_off"
    assert not seen.escalated
    assert seen.clock.acknowledged_by == "mia (claimed)"
    night.world.value = 0.0
    summary = await night.end(handle)
    assert night.world.remediator.executions == 0
    assert summary.outcome == Outcome.RESOLVED_BY_HUMAN


async def test_hands_off_while_a_plan_waits_drops_the_plan(night_of: NightOf) -> None:
    async with night_of(frozen(World())) as night:
        handle = await night.open()
        request = await asked(night, handle)
        await handle.signal("take", {"who": "mia"})
        seen = await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "waiting")
        with pytest.raises(WorkflowUpdateFailedError):
            await decide(handle, decision(request))
    assert seen.waiting is None
    assert night.world.remediator.executions == 0


async def test_a_person_who_takes_over_after_the_gates_word_still_stops_the_action(night: Night) -> None:
    """While what would be ended is named, nothing is touched yet: what is said then counts, and the target is free."""
    remediator = night.world.remediator
    remediator.may_name.clear()
    handle = await night.open()
    await night.until(handle, lambda _: remediator.naming.is_set(), "about to act", step_s=1)
    await handle.signal("take", {"who": "mia"})
    night.world.let_go()
    seen = await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "waiting")
    assert night.world.remediator.executions == 0
    assert seen.attempts[0].gate.ruling is Ruling.REFUSE
    assert [r.ended_at is not None for r in night.world.guard.reservations] == [True]


async def test_a_global_pause_stops_automation_and_is_shown(night: Night) -> None:
    """People are told, with who paused it and why."""
    night.world.guard.pause("ana", "migration", None, await night.now())
    handle = await night.open()
    seen = await night.until(handle, lambda v: v.escalated, "people told")
    assert seen.automation_paused
    assert seen.attempts[0].gate.clause == "paused"
    assert "migration (ana)" in next(iter(night.world.channels[0].sent.values())).text
    assert night.world.remediator.executions == 0


async def test_a_pause_beats_an_approval(night_of: NightOf) -> None:
    """Paused while the plan waits: the approval is accepted, the gate is asked again, and refuses."""
    async with night_of(frozen(World())) as night:
        handle = await night.open()
        request = await asked(night, handle)
        night.world.guard.pause("mia", "migration", None, await night.now())
        await decide(handle, decision(request))
        seen = await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "waiting")
    assert seen.attempts[0].gate.clause == "paused"
    assert night.world.remediator.executions == 0


@pytest.mark.parametrize("stage", ["gathering", "investigating", "waiting for approval", "verifying", "waiting"])
async def test_a_person_resolves_it_at_any_stage(night_of: NightOf, stage: str) -> None:
    """It ends at once as theirs, whatever the machine is doing, and nothing is done after it."""
    world = World(cures=(0.4,))
    async with night_of(frozen(world) if stage == "waiting for approval" else world) as night:
        if stage == "investigating":
            world.hold_at("look_at_logs")
        handle = await night.open()
        if stage == "investigating":
            await night.reaches("look_at_logs")
        elif stage == "waiting":
            await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, stage)
        elif stage != "gathering":
            await night.until(handle, lambda v: v.state == stage, stage, step_s=1)
        before, said_at = world.remediator.executions, await night.now()
        answer = await person(handle, {"command": "resolve", "who": "mia", "comment": "restarted it"})
        world.let_go()
        summary = await night.end(handle)
        seen = await view(handle)
    assert answer == "accepted: resolved by mia (claimed): restarted it"
    assert summary.outcome == Outcome.RESOLVED_BY_HUMAN
    assert world.remediator.executions == before
    assert seen.closed_at is not None
    assert (seen.closed_at - said_at).total_seconds() < 45


async def test_after_the_end_there_is_nothing_to_say(night: Night) -> None:
    """A second word while the postmortem is written is refused, and the first stands."""
    handle = await night.open()
    night.world.break_postmortems()
    await person(handle, {"command": "false_positive", "who": "mia"})
    await night.until(handle, lambda v: v.state.closed, "closed", step_s=1)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await person(handle, {"command": "resolve", "who": "ana"})
    assert "refused: the incident is over" in str(refused.value.cause)
    night.world.let_go()
    summary = await night.end(handle)
    assert summary.outcome == Outcome.FALSE_POSITIVE


async def test_an_acknowledgement_changes_nothing_but_the_paging(night: Night) -> None:
    handle = await night.open()
    assert await person(handle, {"command": "ack", "who": "ana"}) == "accepted: acknowledged by ana (claimed)"
    summary = await night.end(handle)
    seen = await view(handle)
    assert summary.outcome == Outcome.AUTO_RESOLVED
    assert seen.clock.acknowledged_by == "ana (claimed)"


async def _marked_false(night: Night) -> str:
    """An incident that a person has marked a false positive; its id."""
    handle = await night.open()
    await handle.signal("false_positive", {"who": "mia"})
    summary = await night.end(handle)
    assert summary.outcome == Outcome.FALSE_POSITIVE
    return summary.incident


async def test_what_was_marked_false_opens_nothing_for_a_quarter_of_an_hour(night: Night) -> None:
    """The next alert is recorded as suppressed; nobody looks, nobody is told, and the mark is not renewed by it."""
    marked = await _marked_false(night)
    for _ in range(2):
        await night.pass_time(minutes=6)
        again = await night.open()
        summary = await night.end(again)
        seen = await view(again)
        assert (summary.outcome, seen.link.relation if seen.link else None) == (Outcome.FALSE_POSITIVE, "suppressed")
        assert seen.link is not None
        assert seen.link.previous == marked
        assert seen.diagnosis is None
    await night.pass_time(minutes=6)
    later = await night.open()
    await night.until(later, lambda v: v.state is State.INVESTIGATING or v.diagnosis is not None, "looked at")


async def test_what_is_worse_than_what_was_marked_false_opens(night: Night) -> None:
    await _marked_false(night)
    worse = await night.open(await night.alert(severity=Severity.CRITICAL))
    seen = await night.until(worse, lambda v: v.diagnosis is not None, "looked at")
    assert seen.link is not None
    assert seen.link.relation == "new"


async def test_what_gets_worse_while_a_false_positive_is_written_up_reopens_it(night: Night) -> None:
    """The same key takes the worse alert: it is judged anew instead of being lost until the sender repeats it."""
    handle = await night.open()
    night.world.break_postmortems()
    await handle.signal("false_positive", {"who": "mia"})
    await night.until(handle, lambda v: v.state.closed, "closed", step_s=1)
    await night.report(handle, await night.alert("HighLatency"))
    await night.pass_time(seconds=1)
    assert (await view(handle)).state.closed, "as bad as what was marked: no trouble"
    await night.report(handle, await night.alert("Down", severity=Severity.CRITICAL))
    night.world.let_go()
    summary = await night.end(handle)
    assert summary.outcome == Outcome.AUTO_RESOLVED


@pytest.mark.parametrize(
    ("word", "relation"), [(None, "recurrence"), ("resolve", "continuation"), ("false_positive", "suppressed")]
)
async def test_trouble_that_comes_back_is_linked_to_what_it_was(
    night_of: NightOf, word: str | None, relation: str
) -> None:
    """After auto_resolved a recurrence, after a person's word a continuation, each in a run with an id of its own."""
    world = World(policy=POLICY.model_copy(update={"watch_s": 60}))
    async with night_of(world) as night:
        first = await night.open()
        if word:
            await first.signal(word, {"who": "mia"})
        before = await night.end(first)
        second = await night.open()
        await night.pass_time(seconds=25)
        seen = await view(second)
    assert seen.link is not None
    assert (seen.link.relation, seen.link.previous) == (relation, before.incident)
    assert seen.incident != before.incident


async def test_a_draft_that_cannot_be_written_holds_up_neither_the_clock_nor_the_end(night_of: NightOf) -> None:
    """The store of postmortems is away: who was told is called again in time, and a person's word still ends it."""
    async with night_of(World(cures=(0.4,))) as night:
        night.world.break_postmortems()
        handle = await night.open(await night.alert(severity=Severity.CRITICAL))
        seen = await night.until(handle, lambda v: v.escalated, "escalated")
        again = seen.clock.told[0].at + timedelta(minutes=5, seconds=5)
        await night.pass_time(seconds=(again - await night.now()).total_seconds())
        assert any(Reason.NOT_ACKNOWLEDGED in t.reasons for t in (await view(handle)).clock.told)
        await handle.signal("resolve", {"who": "mia"})
        summary = await night.end(handle)
        last = await view(handle)
    assert summary.outcome == Outcome.RESOLVED_BY_HUMAN
    assert "could not be written: the store is away" in texts(last)


async def test_a_note_stands_in_the_timeline_and_changes_nothing(night_of: NightOf) -> None:
    """By update and by signal; an empty one is refused, and a plan that waits goes on waiting."""
    async with night_of(frozen(World())) as night:
        handle = await night.open()
        request = await asked(night, handle)
        answer = await person(handle, {"command": "note", "who": "mia", "comment": "the report can wait"})
        await handle.signal("note", {"who": "mia", "comment": "asked the owner"})
        with pytest.raises(WorkflowUpdateFailedError):
            await person(handle, {"command": "note", "who": "mia", "comment": " "})
        seen = await view(handle)
        assert seen.waiting == request
        assert seen.clock.acknowledged_at is None
        assert await decide(handle, decision(request)) == "accepted: approve by ana (claimed)"
    said = texts(seen, Kind.PERSON)
    assert answer == "accepted: noted by mia (claimed): the report can wait"
    assert said[0] == answer
    assert said[1] == "accepted: noted by mia (claimed): asked the owner"
    assert said[2].startswith("refused: comment is missing or empty")
