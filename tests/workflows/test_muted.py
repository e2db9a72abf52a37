"""What is muted is held until that ends, and judged again then: on a real server whose time is skipped."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import CancelledError
from temporalio.worker import Replayer

from domain.anomaly import AlertStatus, Anomaly
from domain.holding import Became, Held, row_of
from domain.maintenance import Kind, Window, muted
from integrations.ports import Unavailable
from rig.servers.temporal_test import Skipping
from tests.fakes import FakeAudit, FakeIncidents, FakeMaintenance, FakeMemory, FakeMutedDoor, FakePostmortems
from tests.workflows.night import HANGS_AFTER_S, Night
from tests.workflows.test_wiring import MUTED
from tests.workflows.world import World, anomaly
from workers.lifecycle import working
from workers.registry import Ports, queues
from workflows.contract import TASK_QUEUE, Muted, muted_reports
from workflows.muted import ROOM, MutedWorkflow

Holder = WorkflowHandle[MutedWorkflow, None]


@dataclass
class Quiet(Night):
    """A night in which something is muted: who holds it back, the way out, and the record."""

    door: FakeMutedDoor = field(default_factory=FakeMutedDoor)
    store: FakeMaintenance = field(default_factory=FakeMaintenance)

    async def window(self, minutes: float, **changes: Any) -> Window:
        """One on orders that begins now, and that the door knows."""
        now = await self.now()
        facts: dict[str, Any] = {"id": f"MW-{len(self.door.windows)}", "services": ("orders",), "who": "ana"}
        times: dict[str, Any] = {"starts": now - timedelta(minutes=1), "ends": now + timedelta(minutes=minutes)}
        self.door.windows.append(Window(**{**facts, **times, **changes}))
        return self.door.windows[-1]

    async def held(self, *seen: Anomaly) -> list[Held]:
        now, found = await self.now(), list[Held]()
        for one in seen:
            by = muted(one, self.door.windows, now)
            assert by is not None
            found.append(Held(anomaly=one, by=by, since=now))
        return found

    async def hold(self, *seen: Anomaly) -> Holder:
        """As the starter does; without alerts, the usual one."""
        held = await self.held(*(seen or [await self.alert()]))
        (told,) = muted_reports(held)
        return await self.client.start_workflow(
            MutedWorkflow.run, Muted(), id=f"muted-{uuid4().hex[:8]}", task_queue=TASK_QUEUE,
            start_signal="told", start_signal_args=[told],
        )  # fmt: skip

    async def over(self, handle: Holder, seen: Anomaly) -> None:
        ended = seen.model_copy(update={"status": AlertStatus.RESOLVED, "seen_at": await self.now()})
        await handle.signal("told", Muted(over=(ended,)))

    async def ends(self, handle: Holder) -> None:
        """It holds nothing any more."""
        with self.skipping.auto_time_skipping_disabled():
            await asyncio.wait_for(handle.result(), HANGS_AFTER_S)

    async def is_cancelled(self, handle: Holder) -> None:
        with pytest.raises(WorkflowFailureError) as ended:
            await self.ends(handle)
        assert isinstance(ended.value.cause, CancelledError)

    def became(self) -> dict[str, Became]:
        return {row.window: row.became for row in self.store.rows.values()}


@pytest.fixture(params=[0, 1000], ids=["replays each step", "remembers"])
async def night(request: pytest.FixtureRequest, temporal_skipping: Skipping) -> AsyncIterator[Quiet]:
    quiet = Quiet(World(), temporal_skipping)
    ports = Ports(
        incidents=FakeIncidents(), audit=FakeAudit(), memory=FakeMemory(), postmortems=FakePostmortems(),
        maintenance=quiet.store, door=quiet.door,
    )  # fmt: skip
    grace = timedelta(seconds=1)
    async with working(quiet.client, queues(ports, [TASK_QUEUE]), grace=grace, cached_runs=request.param):
        yield quiet
        await temporal_skipping.look_at_its_clock()


async def test_what_fires_on_opens_at_the_end_of_the_window_and_not_before(night: Quiet) -> None:
    window, alert = await night.window(minutes=12), await night.alert()
    handle = await night.hold(alert)
    await night.pass_time(minutes=11)
    assert night.door.opened == []
    assert night.became() == {window.id: Became.HELD}
    await night.pass_time(minutes=2)
    await night.ends(handle)
    assert [one.series for one in night.door.opened] == [alert.series]
    assert night.became() == {window.id: Became.OPENED}
    history = await handle.fetch_history()
    await Replayer(workflows=[MutedWorkflow], data_converter=pydantic_data_converter).replay_workflow(history)


async def test_what_is_over_before_the_end_opens_nothing(night: Quiet) -> None:
    window, alert = await night.window(minutes=60), await night.alert()
    handle = await night.hold(alert)
    await night.over(handle, alert)
    await night.ends(handle)
    assert (night.door.opened, night.became()) == ([], {window.id: Became.RESOLVED})


@pytest.mark.parametrize("told", [True, False])
async def test_a_window_that_is_ended_lets_go_at_once_and_within_minutes_where_nobody_said_so(
    night: Quiet, told: bool
) -> None:
    await night.window(minutes=600)
    handle = await night.hold()
    night.door.windows.clear()
    if told:
        await handle.signal("judge", "whatever")
    else:
        await night.pass_time(minutes=6)
    await night.ends(handle)
    assert len(night.door.opened) == 1


async def test_an_expired_silence_lets_go_within_a_minute(night: Quiet) -> None:
    await night.window(minutes=600, kind=Kind.SILENCE)
    handle = await night.hold()
    night.door.windows.clear()
    await night.pass_time(seconds=61)
    await night.ends(handle)
    assert len(night.door.opened) == 1


async def test_another_window_mutes_on_and_both_are_recorded(night: Quiet) -> None:
    first = await night.window(minutes=3)
    handle = await night.hold()
    second = await night.window(minutes=20)
    await night.pass_time(minutes=4)
    assert (night.door.opened, night.became()) == ([], {first.id: Became.MUTED_ON, second.id: Became.HELD})
    await night.pass_time(minutes=17)
    await night.ends(handle)
    assert night.became() == {first.id: Became.MUTED_ON, second.id: Became.OPENED}


async def test_the_end_waits_for_a_door_that_is_away_and_loses_nothing(night: Quiet) -> None:
    await night.window(minutes=2)
    handle = await night.hold()
    night.door.error = Unavailable("Temporal is away")
    await night.pass_time(minutes=4)
    night.door.error = None
    await night.pass_time(minutes=1)
    await night.ends(handle)
    assert len(night.door.opened) == 1


async def test_while_nobody_can_be_asked_the_promise_holds_until_its_end(night: Quiet) -> None:
    await night.window(minutes=12)
    handle = await night.hold()
    night.door.windows.clear()
    night.door.unasked = (Kind.MAINTENANCE,)
    await night.pass_time(minutes=11)
    assert night.door.opened == []
    await night.pass_time(minutes=2)
    await night.ends(handle)
    assert len(night.door.opened) == 1


async def test_a_record_that_cannot_be_written_holds_nothing_up(night: Quiet) -> None:
    window = await night.window(minutes=2)
    night.store.error = Unavailable("PostgreSQL is away")
    handle = await night.hold()
    await night.pass_time(minutes=4)
    assert len(night.door.opened) == 1
    night.store.error = None
    await night.pass_time(minutes=2)
    await night.ends(handle)
    assert night.became() == {window.id: Became.OPENED}


async def test_what_ends_while_it_is_handed_over_is_told_to_its_incident(night: Quiet) -> None:
    """The incident may not have been open when it was told."""
    await night.window(minutes=2)
    alert = await night.alert()
    handle = await night.hold(alert)
    night.door.windows.clear()
    night.door.free.clear()
    await handle.signal("judge")
    await night.door.reached.wait()
    await night.over(handle, alert)
    night.door.free.set()
    await night.ends(handle)
    assert [one.status for one in night.door.opened] == [AlertStatus.FIRING, AlertStatus.RESOLVED]


async def test_what_waits_for_its_incident_and_is_over_opens_none(night: Quiet) -> None:
    """The end of what is on its way already is told after it; what has not left yet does not leave."""
    await night.window(minutes=60)
    names = ("held", "first", "second")
    held, first, second = [await night.alert(fingerprint=name) for name in names]
    handle = await night.hold(held)
    night.door.free.clear()
    for one in (first, second):  # which have no room
        (told,) = muted_reports(await night.held(one.model_copy(update={"labels": {"wide": "x" * ROOM}})))
        await handle.signal("told", told)
        await night.door.reached.wait()
    for one in (second, first, held):
        await night.over(handle, one)
    night.door.free.set()
    await night.ends(handle)
    assert [(one.fingerprint, one.firing) for one in night.door.opened] == [("first", True), ("first", False)]
    rows = {row.series.removeprefix("prometheus:"): row.became for row in night.store.rows.values()}
    assert rows == {"held": Became.RESOLVED, "first": Became.OPENED, "second": Became.RESOLVED}


async def test_whoever_cancels_it_in_temporal_drops_nothing(night: Quiet) -> None:
    """What it holds goes to its incidents, though the window is in force, and so does what comes meanwhile."""
    window, alert = await night.window(minutes=60), await night.alert()
    handle = await night.hold(alert)
    # The test server cannot cancel an activity that completes at the same moment, so nothing is under way.
    await night.pass_time(seconds=5)
    night.door.free.clear()
    await handle.cancel()
    await asyncio.wait_for(night.door.reached.wait(), 60)
    (told,) = muted_reports(await night.held(await night.alert(fingerprint="late")))
    await handle.signal("told", told)
    night.door.free.set()
    await night.is_cancelled(handle)
    assert [one.fingerprint for one in night.door.opened] == [alert.fingerprint, "late"]
    assert night.became() == {window.id: Became.OPENED}
    history = await handle.fetch_history()
    await Replayer(workflows=[MutedWorkflow], data_converter=pydantic_data_converter).replay_workflow(history)


@pytest.mark.parametrize("away", ["door", "store"])
async def test_cancelled_while_something_is_away_it_waits_for_that(night: Quiet, away: str) -> None:
    window = await night.window(minutes=2)
    handle = await night.hold()
    await night.pass_time(seconds=5)
    part = night.door if away == "door" else night.store
    part.error = Unavailable("away")
    await night.pass_time(minutes=2)
    await handle.cancel()
    await night.pass_time(minutes=2)
    part.error = None
    await night.pass_time(minutes=2)
    await night.is_cancelled(handle)
    assert len(night.door.opened) == 1
    assert night.became() == {window.id: Became.OPENED}


async def test_what_has_no_room_is_not_held_back(night: Quiet) -> None:
    await night.window(minutes=60)
    now = await night.now()
    size = 9_000
    wide = {"expression": "x" * size}
    many = [anomaly(at=now, fingerprint=f"f{n}").model_copy(update=wide) for n in range(ROOM // size + 1)]
    handle = await night.hold(many[0])
    for told in muted_reports(await night.held(*many[1:])):
        await handle.signal("told", told)
    await night.pass_time(seconds=5)
    assert 0 < len(night.door.opened) < 10
    night.door.windows.clear()
    await handle.signal("judge")
    await night.ends(handle)
    assert {one.series for one in night.door.opened} == {one.series for one in many}


async def test_what_grows_beyond_the_room_is_not_held_back_any_more(night: Quiet) -> None:
    window, alert = await night.window(minutes=60), await night.alert()
    handle = await night.hold(alert)
    later = {"seen_at": alert.seen_at + timedelta(seconds=1), "labels": {"wide": "x" * ROOM}}
    (told,) = muted_reports(await night.held(alert.model_copy(update=later)))
    await handle.signal("told", told)
    await night.ends(handle)
    assert [len(one.labels.get("wide", "")) for one in night.door.opened] == [ROOM]
    assert night.became() == {window.id: Became.OPENED}


async def test_what_has_no_room_is_handed_over_in_portions_that_fit_a_payload(night: Quiet) -> None:
    await night.window(minutes=60)
    now = await night.now()
    wide = {"labels": {"wide": "x" * (ROOM // 3)}}
    many = [anomaly(at=now, fingerprint=f"f{n}").model_copy(update=wide) for n in range(6)]
    night.door.error = Unavailable("Temporal is away")
    handle = await night.hold(many[0])
    for one in many[1:]:
        (told,) = muted_reports(await night.held(one))
        await handle.signal("told", told)
    night.door.error = None
    await night.pass_time(minutes=1)
    opened = {one.series for one in night.door.opened}
    held = [one for one in many if one.series not in opened]
    assert opened
    assert held
    for one in held:  # with the last one it ends
        await night.over(handle, one)
    await night.ends(handle)
    given = [e.activity_task_scheduled_event_attributes for e in (await handle.fetch_history()).events]
    sizes = [given.input.ByteSize() for given in given if given.activity_type.name == "hand_over_muted"]
    assert len(sizes) > 1
    assert max(sizes) < ROOM


async def test_a_new_run_writes_down_what_the_one_before_could_not(night: Quiet) -> None:
    window, other = await night.window(minutes=10), await night.window(minutes=20, id="MW-gone")
    held, gone = await night.alert(), await night.alert(fingerprint="gone")
    (still, over) = await night.held(held, gone)
    row = row_of(over, "muted-x", Became.RESOLVED, over.since)
    before = Muted(
        held=(still.model_copy(update={"by": still.by.model_copy(update={"window": window.id})}),), rows=(row,)
    )
    handle = await night.client.start_workflow(
        MutedWorkflow.run, before, id=f"muted-{uuid4().hex[:8]}", task_queue=TASK_QUEUE
    )
    await night.pass_time(seconds=5)
    assert night.became() == {window.id: Became.HELD, other.id: Became.RESOLVED}
    night.door.windows.clear()
    await handle.signal("judge")
    await night.ends(handle)


async def test_it_goes_on_with_what_an_earlier_run_held_and_with_signals_that_say_nothing(night: Quiet) -> None:
    await night.window(minutes=10)
    held = await night.held(await night.alert())
    handle = await night.client.start_workflow(
        MutedWorkflow.run, Muted(held=tuple(held)), id=f"muted-{uuid4().hex[:8]}", task_queue=TASK_QUEUE
    )
    for said in ([], [{"held": 3}], ["x", "y"], [None], [{"over": [held[0].anomaly.model_dump(mode="json")]}]):
        await handle.signal("told", args=said)
    await night.pass_time(minutes=11)
    await night.ends(handle)
    assert len(night.door.opened) == 1
    called = {
        e.activity_task_scheduled_event_attributes.activity_type.name for e in (await handle.fetch_history()).events
    }
    assert called - {""} <= set(MUTED)
