"""Verification: wait until a look is fair, look several times, and say what it means."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.verification import VerificationActivities
    from domain.incident import State
    from domain.timeline import Kind
    from domain.verification import Recovery, Sample, Verdict, Watch, gravely_bad, in_band, judge, settle_s
    from domain.view import Next
    from workflows import options
    from workflows.calls import reason
    from workflows.record import Record
    from workflows.timers import happens


async def look(record: Record, watches: tuple[Watch, ...], rounds: int) -> Verdict:
    """`rounds` samples of each watch, spaced as the policy says."""
    seen: list[tuple[Sample, ...]] = []
    for number in range(rounds):
        if number:
            await workflow.sleep(record.opening.policy.verification.every_s, summary="until the next sample")
        seen.append(await _sample(record, watches))
    verdict = judge(watches, seen, record.doubted(watches), excusing=record.excusing)
    record.blind = verdict.recovery is Recovery.CANNOT_TELL
    return verdict


async def verify(record: Record, watches: tuple[Watch, ...]) -> Verdict | None:
    """The verdict on a fix. *Improving* earns another wait, as often as the policy allows; so does a recovery that only
    an alert's sender has not confirmed yet.

    Alerts that joined in the meantime are looked at too, when that is fair to them. None: a person ended the incident
    before there was a verdict.
    """
    rules = record.opening.policy.verification
    for left in range(rules.improving_rounds, -1, -1):
        if not await _settled(record, watches):
            return None
        verdict = await look(record, _with_joined(record, watches), rules.samples)
        said = f"{verdict.recovery}: {verdict.reason}"
        record.note(workflow.now(), Kind.VERIFICATION, "verification", said)
        if not verdict.earns_a_wait or not left:
            return verdict
    raise AssertionError("the last round always returns")


async def _settled(record: Record, watches: tuple[Watch, ...]) -> bool:
    """Wait until a look is fair to all that is watched, also to what joins meanwhile and looks further back: what was
    broken before the fix would count against it. False: a person ended the incident.
    """
    rules, since, waited = record.opening.policy.verification, workflow.now(), -1.0
    while (settle := settle_s(_with_joined(record, watches), rules.settle_s, rules.scrape_s)) > waited:
        at, waited = since + timedelta(seconds=settle), settle
        record.enter(State.VERIFYING, workflow.now(), Next(text=f"It is measured again from {at:%H:%M:%S} UTC.", at=at))
        if await happens(lambda: record.over, at - workflow.now(), "until the fix can be judged"):
            return False
    return True


def _with_joined(record: Record, watches: tuple[Watch, ...]) -> tuple[Watch, ...]:
    known = {watch.series for watch in watches}
    return (*watches, *(watch for watch in record.watches() if watch.series not in known))


@dataclass(frozen=True)
class Sight:
    """What can be seen right before something is done. `watches`: each with what it shows, so that *improving* is
    measured and not remembered; None when none of them shows anything, or none of what fires was ever seen bad: then
    nobody could tell whether it worked. `well`: all that was seen bad is in band now, so there is nothing to do.
    """

    watches: tuple[Watch, ...] | None
    well: bool


async def before(record: Record) -> Sight:
    """Look once at all that was anomalous."""
    watches = record.watches()
    samples = await _sample(record, watches)
    record.grave_before = gravely_bad(watches, samples)
    values = {sample.series: sample.value for sample in samples}
    if all(s.value is None and s.fires is None for s in samples) or not set(values) & record.telling:
        return Sight(None, well=False)
    shown = tuple(
        w if values.get(w.series) is None else w.model_copy(update={"before": values[w.series]}) for w in watches
    )
    telling = [w for w in watches if w.series in record.telling]
    return Sight(shown, in_band(telling, samples, excusing=record.excusing))


async def _sample(record: Record, watches: tuple[Watch, ...]) -> tuple[Sample, ...]:
    samples = await _samples(watches)
    record.witnesses(watches, samples)
    return samples


async def _samples(watches: tuple[Watch, ...]) -> tuple[Sample, ...]:
    try:
        return await workflow.execute_activity_method(
            VerificationActivities.sample, watches, summary="look at the anomalous numbers", **options.SAMPLE
        )
    except ActivityError as error:
        return tuple(Sample(series=w.series, value=None, note=reason(error)) for w in watches)
