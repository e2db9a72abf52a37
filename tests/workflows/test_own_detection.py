"""What our own detection sees of the same fault: it joins, and neither refutes nor forbids a fix that is measured."""

from datetime import timedelta
from typing import Any

from temporalio import activity

from domain.anomaly import Anomaly
from domain.detection import SOURCE
from domain.incident import Outcome, State
from domain.timeline import Kind
from domain.verification import Recovery, Sample, Watch
from domain.view import IncidentView
from tests.workflows.conftest import NightOf
from tests.workflows.night import Night, story, view
from tests.workflows.world import Handle, Shown, World


class Unusual(World):
    """Beside what the alert says, our own detection has an anomaly, whose number shows `own` at each look."""

    def __init__(self, own: Shown) -> None:
        super().__init__()
        self.own = own

    def _sample(self) -> Any:
        scripted = super()._sample()

        @activity.defn(name="sample")
        async def sample(watches: tuple[Watch, ...]) -> tuple[Sample, ...]:
            seen: tuple[Sample, ...] = await scripted(watches)
            ours = {watch.series for watch in watches if watch.series.startswith(f"{SOURCE}:")}
            return tuple(s.model_copy(update={"value": self.own}) if s.series in ours else s for s in seen)

        return sample


async def _latency(night: Night, *, sigma: float = 4.0, window: str = "1m") -> Anomaly:
    """Usually 0.1 s, told at 0.5 s; it goes on firing."""
    return (await night.alert("latency p95")).model_copy(
        update={
            "source": SOURCE, "severity_label": None, "sigma": sigma, "actual": 0.5, "expected": 0.1,
            "expression": f"(quantile(latency[{window}])) > 0.3",
        }
    )  # fmt: skip


async def _verified(night: Night, anomaly: Anomaly) -> tuple[Handle, IncidentView]:
    """The fix is done and waits to be judged when our own anomaly joins; what stands when it was judged."""
    handle = await night.open()
    await night.until(handle, lambda v: v.state is State.VERIFYING, "verifying", step_s=1)
    await night.report(handle, anomaly)
    seen = await night.until(handle, lambda v: v.attempts[-1].verification is not None, "a verdict")
    return handle, seen


def _recovery(seen: IncidentView) -> tuple[Recovery, str]:
    verdict = seen.attempts[-1].verification
    assert verdict is not None
    return verdict.recovery, verdict.reason


async def test_a_number_that_is_well_needs_no_end_of_our_own_anomaly(night_of: NightOf) -> None:
    """It joined the fix and was never seen bad; it fires for as long as its last samples are not all calm."""
    async with night_of(Unusual(0.1)) as night:
        handle, seen = await _verified(night, await _latency(night, sigma=9.0))
        summary = await night.end(handle)
    assert _recovery(seen)[0] is Recovery.RECOVERED, story(seen)
    assert (summary.outcome, summary.escalated) == (Outcome.AUTO_RESOLVED, False)


async def test_what_looks_further_back_is_judged_when_the_fault_has_left_its_window(night_of: NightOf) -> None:
    async with night_of(Unusual(0.5)) as night:
        handle = await night.open()
        await night.until(handle, lambda v: v.state is State.VERIFYING, "verifying", step_s=1)
        await night.report(handle, await _latency(night, sigma=9.0, window="5m"))
        await night.pass_time(seconds=240)
        assert (await view(handle)).attempts[-1].verification is None, "it is not fair yet"
        night.world.own = 0.1  # pyright: ignore[reportAttributeAccessIssue] - it is the world of this test
        seen = await night.until(handle, lambda v: v.attempts[-1].verification is not None, "a verdict")
    assert _recovery(seen)[0] is Recovery.RECOVERED, story(seen)
    acted, judged = (next(e.at for e in seen.timeline if e.kind is kind) for kind in (Kind.ACTION, Kind.VERIFICATION))
    assert judged - acted >= timedelta(minutes=5)


async def test_what_is_mild_and_stays_is_said_and_refutes_nothing(night_of: NightOf) -> None:
    async with night_of(Unusual(0.5)) as night:
        handle, seen = await _verified(night, await _latency(night))
        summary = await night.end(handle)
        end = await view(handle)
    recovery, reason = _recovery(seen)
    assert recovery is Recovery.RECOVERED, story(seen)
    assert "too mild to count against it: latency p95 on orders 0.5 (bound 0.3)" in reason
    assert (summary.outcome, end.attempts[-1].held) == (Outcome.AUTO_RESOLVED, True)


async def test_an_alert_that_is_long_over_excuses_nothing_that_still_fires(night_of: NightOf) -> None:
    """Nobody did anything, and our own latency, mild as it is, is what the incident is about."""
    world = Unusual(0.5)
    world.value, world.confidence = 0.0, 0.2
    async with night_of(world) as night:
        handle = await night.open(await _latency(night))
        await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "waiting")
        await night.report(handle, await night.alert(resolved=True))
        await night.pass_time(minutes=10)
        seen = await view(handle)
    assert (seen.state, seen.recovered_at) == (State.WAITING_FOR_PEOPLE, None), story(seen)


async def test_what_is_grave_and_stays_means_that_it_is_not_fixed(night_of: NightOf) -> None:
    """More than six sigma, or a mild one that has grown so: nothing is called recovered beside it."""
    for sigma, own in ((9.0, 0.5), (4.0, 0.8)):
        async with night_of(Unusual(own)) as night:
            _, seen = await _verified(night, await _latency(night, sigma=sigma))
        assert _recovery(seen)[0] is Recovery.NOT_BETTER, story(seen)
