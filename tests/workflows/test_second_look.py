"""An incident that was asked about too early to name its cause is asked about once more, when there is more to see."""

from datetime import timedelta

from domain.escalation import Reason
from domain.finding import Source
from domain.incident import Outcome, State
from domain.second_look import FILLED
from domain.timeline import Kind
from domain.view import IncidentView
from tests.workflows.asking import asked
from tests.workflows.conftest import NightOf
from tests.workflows.night import texts, view
from tests.workflows.world import POLICY, World


async def test_what_shows_only_later_is_named_and_fixed_without_anybody(night_of: NightOf) -> None:
    world = World(confidence=0.3)
    async with night_of(world) as night:
        began = await night.now()
        handle = await night.open()
        early = await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "no cause", step_s=1)
        world.confidence = 0.95
        summary = await night.end(handle)
        seen = await view(handle)
    assert "All sources are asked again 90 s after the onset." in early.next.text
    assert (summary.outcome, summary.attempts) == (Outcome.AUTO_RESOLVED, 1)
    first, second = world.looks
    assert first.now < began + FILLED <= second.now < began + FILLED + timedelta(seconds=5)
    told = texts(seen, Kind.DIAGNOSIS)
    assert told[0].startswith("cause not determined")
    assert told[1].startswith("orders cannot get connections")


async def test_what_a_second_source_attests_by_then_is_fixed_without_anybody(night_of: NightOf) -> None:
    """Lines and spans come later than metrics: nobody is asked for what they may say in a minute."""
    world = World(confidence=0.95, attested_by=(Source.METRICS,))
    async with night_of(world) as night:
        handle = await night.open()
        early = await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "a wait for more", step_s=1)
        world.attested_by = (Source.METRICS, Source.LOGS)
        summary = await night.end(handle)
        seen = await view(handle)
    assert "All sources are asked again 90 s after the onset." in early.next.text
    assert (early.waiting, seen.last_decision) == (None, None)
    assert (summary.outcome, len(world.looks)) == (Outcome.AUTO_RESOLVED, 2)


async def test_what_the_changes_attest_is_put_to_people_at_once(night_of: NightOf) -> None:
    world = World(confidence=0.95, attested_by=(Source.CHANGES,))
    async with night_of(world) as night:
        handle = await night.open()
        await night.until(handle, lambda v: v.waiting is not None, "a question", step_s=1)
    assert len(world.looks) == 1


async def test_what_is_less_bad_by_then_and_not_over_is_asked_about_too(night_of: NightOf) -> None:
    """0.4 when it fired, 0.2 now, and 0.05 would be well."""
    world = World(confidence=0.3, value=0.2)
    async with night_of(world) as night:
        handle = await night.open()
        await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "no cause", step_s=1)
        world.confidence = 0.95
        summary = await night.end(handle)
    assert (summary.outcome, len(world.looks)) == (Outcome.AUTO_RESOLVED, 2)


async def test_what_cannot_be_measured_is_asked_about_again_and_then_put_to_people(night_of: NightOf) -> None:
    """Logs alone name it, and the numbers cannot be asked: nobody waits for them until the SLA's clock rings."""
    world = World(confidence=0.95, attested_by=(Source.LOGS,), value=None)
    async with night_of(world) as night:
        began = await night.now()
        handle = await night.open()
        await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "a wait for more", step_s=1)
        assert len(world.looks) == 1
        told = await night.until(handle, lambda v: bool(_refused(v)), "the gate's word", step_s=1)
        assert await night.now() < began + FILLED + timedelta(seconds=30)
        assert (len(world.looks), world.remediator.executions) == (2, 0)
        await night.pass_time(minutes=30)
        assert len(world.looks) == 2
        again = await view(handle)
        assert _refused(again) == _refused(told)
        world.value = 0.4
        request = await asked(night, handle)
    assert request.reason == "one source alone says so (logs): a person decides"


async def test_what_cannot_be_measured_and_two_sources_attest_by_then_is_never_done_unseen(night_of: NightOf) -> None:
    world = World(confidence=0.95, attested_by=(Source.LOGS,), value=None)
    async with night_of(world) as night:
        handle = await night.open()
        await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "a wait for more", step_s=1)
        world.attested_by = (Source.LOGS, Source.TRACES)
        await night.until(handle, lambda v: bool(_refused(v)), "the gate's word", step_s=1)
        assert world.remediator.executions == 0
        world.value = 0.4
        summary = await night.end(handle)
    assert (summary.outcome, world.remediator.executions) == (Outcome.AUTO_RESOLVED, 1)


async def test_what_all_alerts_call_over_and_nobody_can_measure_is_given_up_after_a_day(night_of: NightOf) -> None:
    """A second look is due, and would never be taken: it must not keep the incident going round for ever."""
    world = World(confidence=0.3, value=None, policy=POLICY.model_copy(update={"recheck_s": 600}))
    async with night_of(world) as night:
        alert = await night.alert()
        handle = await night.open(alert)
        await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "no cause", step_s=1)
        await night.report(handle, alert.model_copy(update={"status": "resolved"}))
        await night.pass_time(minutes=60)
        seen = await view(handle)
        assert len([text for text in texts(seen, Kind.VERIFICATION) if text.startswith("all alerts")]) <= 1
        await night.pass_time(minutes=26 * 60)
        summary = await night.end(handle)
    assert summary.outcome == Outcome.UNRESOLVED


async def test_what_has_no_name_even_then_is_left_to_people(night_of: NightOf) -> None:
    """Once more, and not for ever: the sources are asked twice in an hour."""
    world = World(confidence=0.3)
    async with night_of(world) as night:
        handle = await night.open()
        await night.pass_time(minutes=4)
        seen = await view(handle)
        await night.pass_time(minutes=56)
    assert seen.state is State.WAITING_FOR_PEOPLE
    assert "asked again" not in seen.next.text
    assert len(world.looks) == 2
    assert world.remediator.executions == 0


async def test_what_was_asked_late_enough_is_not_asked_again(night_of: NightOf) -> None:
    world = World(confidence=0.3)
    async with night_of(world) as night:
        alert = await night.alert(at=await night.now() - FILLED)
        handle = await night.open(alert)
        seen = await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "no cause", step_s=1)
        await night.pass_time(minutes=10)
    assert "asked again" not in seen.next.text
    assert len(world.looks) == 1


def _refused(seen: IncidentView) -> list[str]:
    """What people are told of the gate's refusals."""
    return [raised.detail for raised in seen.clock.raised if raised.reason is Reason.GATE_REFUSED]


async def test_what_is_over_by_then_is_not_asked_about(night_of: NightOf) -> None:
    world = World(confidence=0.3)
    async with night_of(world) as night:
        alert = await night.alert()
        handle = await night.open(alert)
        await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "no cause", step_s=1)
        world.value = 0.0
        await night.report(handle, alert.model_copy(update={"status": "resolved"}))
        summary = await night.end(handle)
    assert summary.outcome == Outcome.SELF_RESOLVED
    assert len(world.looks) == 1
