"""What people do to an incident elsewhere is so here too; the echo of what we did there ourselves is nothing."""

from datetime import datetime, timedelta

from domain.approval import Door
from domain.command import CommandName
from domain.escalation import Reason
from domain.incident import Outcome, State
from domain.levels import Severity
from domain.timeline import Kind
from tests.workflows.conftest import NightOf
from tests.workflows.night import Night, texts, view
from tests.workflows.telling import dark, in_the_dark, said, tells, told
from tests.workflows.world import World
from workflows.contract import Synchronise


def word(command: CommandName, at: datetime, event: str = "e1", who: str = "Mia Maier") -> Synchronise:
    return Synchronise.model_validate(
        {"event": event, "command": command, "who": who, "door": Door.PAGERDUTY, "at": at}
    )


async def test_an_acknowledgement_in_pagerduty_stops_the_clock(night_of: NightOf) -> None:
    """CRITICAL: without it the next call would come after 5 minutes."""
    async with night_of(dark()) as night:
        handle = await in_the_dark(night, Severity.CRITICAL)
        await tells(night, handle, 1, step_s=5)
        await handle.signal("synchronise", word(CommandName.ACK, await night.now()))
        await night.pass_time(minutes=10)
        seen = await view(handle)
    assert told(seen) == [said(0, Reason.CRITICAL, tier=1)]
    assert seen.clock.acknowledged_by == "Mia Maier (claimed)"
    rows = [(row.door, row.action, row.result) for row in night.world.audit.all.values()]
    assert ("pagerduty", "ack", "accepted: acknowledged by Mia Maier (claimed)") in rows


async def test_the_echo_of_our_own_acknowledgement_is_not_even_noted(night_of: NightOf) -> None:
    """Ana acknowledged here, we told PagerDuty, and PagerDuty tells us in the name of the user whose key we have."""
    async with night_of(dark()) as night:
        handle = await in_the_dark(night, Severity.HIGH)
        await handle.signal("ack", {"who": "ana"})
        for event in ("e1", "e1", "e2"):
            await handle.signal("synchronise", word(CommandName.ACK, await night.now(), event, "Nightshift"))
        await night.pass_time(seconds=5)
        seen = await view(handle)
    assert seen.clock.acknowledged_by == "ana (claimed)"
    assert len(texts(seen, Kind.PERSON)) == 1
    assert [row.actor for row in night.world.audit.all.values() if row.action == "ack"] == ["ana (claimed)"]


async def test_what_a_person_resolves_in_pagerduty_is_over(night: Night) -> None:
    handle = await night.open()
    await night.until(handle, lambda v: v.state is State.VERIFYING, "under way", step_s=1)
    await handle.signal("synchronise", word(CommandName.RESOLVE, await night.now()))
    summary = await night.end(handle)
    assert summary.outcome == Outcome.RESOLVED_BY_HUMAN


async def test_the_echo_of_our_own_end_does_not_end_what_was_reopened_since(night_of: NightOf) -> None:
    """It closes, we resolve it there; an alert fires anew and reopens it; only then the echo arrives."""
    world = World(cures=(0.4,))
    async with night_of(world) as night:
        handle = await night.open()
        world.break_postmortems()
        await handle.signal("resolve", {"who": "ana"})
        await night.until(handle, lambda v: v.state.closed, "closed", step_s=1)
        closed_at = await night.now()
        await night.pass_time(seconds=5)
        await night.report(handle, await night.alert("Down"))
        world.let_go()
        await night.until(handle, lambda v: not v.state.closed, "reopened", step_s=1)
        await handle.signal("synchronise", word(CommandName.RESOLVE, closed_at, "echo", "Nightshift"))
        await night.pass_time(seconds=30)
        seen = await view(handle)
        assert not seen.state.closed
        later = await night.now() + timedelta(seconds=1)
        await handle.signal("synchronise", word(CommandName.RESOLVE, later, "mia"))
        assert (await night.end(handle)).outcome == Outcome.RESOLVED_BY_HUMAN


async def test_data_that_does_not_fit_is_dropped_and_said(night: Night) -> None:
    handle = await night.open()
    for data in ([], [None], [{"event": "e"}], ["x"], [{"command": "false_positive"}], [1, 2]):
        await handle.signal("synchronise", args=data)
    await night.pass_time(seconds=1)
    seen = await view(handle)
    assert (seen.last_decision or "").split(": ", 2)[1:2] == ["refused"]
    assert not seen.state.closed
    assert seen.clock.acknowledged_at is None
