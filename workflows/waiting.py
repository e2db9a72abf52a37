"""Waiting: for a recovery that somebody else brings about, and afterwards to see that it holds."""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.escalation import Reason, may_give_up
    from domain.incident import Attempt, State
    from domain.second_look import FILLED
    from domain.timeline import Kind
    from domain.verification import Recovery, Verdict
    from domain.view import Next
    from workflows.handover import Handover
    from workflows.questions import asks_again_at
    from workflows.record import Record
    from workflows.remediation import may_act_now
    from workflows.timers import happens
    from workflows.verification import look

# An incident that is open for long is looked at less often, so that a day of waiting stays a short history.
_CLOSE_LOOKS = 60
_SLOWER = 5
_SECOND_LOOK = "a second look at the sources"
# Each has a patch of its own: a run that has decided one of them without it may still come to the other.
_SECOND_LOOKS = {
    Recovery.NOT_BETTER: _SECOND_LOOK,
    Recovery.IMPROVING: "a second look at what improves",
    Recovery.CANNOT_TELL: "a second look at what cannot be seen",
}


async def resolved_alone(record: Record) -> Recovery:
    """All alerts say that it is over. Alerts alone prove nothing: look at the numbers behind them."""
    verdict = await look(record, record.watches(), record.opening.policy.verification.samples)
    said = f"all alerts are resolved; {verdict.recovery}: {verdict.reason}"
    record.note(workflow.now(), Kind.VERIFICATION, "verification", said)
    if verdict.recovery is Recovery.RECOVERED:
        _told_at_last(record, verdict)
    return verdict.recovery


async def wait_for_recovery(record: Record, handover: Handover) -> bool:
    """True when the system has recovered; False when a person or the policy ended it, or there is news to look at."""
    if record.state is not State.WAITING_FOR_PEOPLE:  # else a run before this one has begun to wait
        record.looks, record.look_at = 0, None
    while not record.over:
        await _until_next_look(record, handover)
        if record.over or record.news:
            record.looks = 0
            return False
        was_blind = record.blind
        verdict = await _look_closer(record)
        if verdict.recovery is Recovery.RECOVERED:
            record.note(workflow.now(), Kind.VERIFICATION, "verification", f"recovered: {verdict.reason}")
            _told_at_last(record, verdict)
            return True
        if was_blind and verdict.recovery is Recovery.NOT_BETTER and not record.unsure:
            return False  # it can be seen again, and it is not over: worth an attempt
        if _may_see_more_now(record, verdict):
            return False
        if verdict.recovery is Recovery.NOT_BETTER and await may_act_now(record):
            return False
        _give_up_when_old(record)
    return False


async def _look_closer(record: Record) -> Verdict:
    """One sample says that it is still bad; that it is good again is believed after as many as a fix needs."""
    verdict = await look(record, record.watches(), 1)
    if verdict.recovery is not Recovery.RECOVERED:
        return verdict
    return await look(record, record.watches(), record.opening.policy.verification.samples)


def _told_at_last(record: Record, verdict: Verdict) -> None:
    """An attempt of which nobody could tell whether it worked has its verdict now; none when a person has it, as nobody
    knows what that person did.
    """
    last = record.attempts[-1] if record.attempts else None
    if last is not None and record.unsure and record.hands_off_by is None:
        record.update_last_attempt(workflow.now(), verification=verdict)


async def _until_next_look(record: Record, handover: Handover) -> None:
    """What comes next is said without a time of day: each change is a record to write, and this goes on for long."""
    pause = record.opening.policy.recheck_s * (1 if record.looks < _CLOSE_LOOKS else _SLOWER)
    asks = _asks_again_at(record)
    looks_again = asks and not (record.blind and record.all_resolved)
    again = f" All sources are asked again {FILLED.total_seconds():g} s after the onset." if looks_again else ""
    record.enter(State.WAITING_FOR_PEOPLE, workflow.now(), Next(
        text=f"The machine looks again every {pause:g} s.{again} A person must act, or say that it is fixed.",
    ))  # fmt: skip
    if record.look_at is None:
        until = workflow.now() + timedelta(seconds=pause)
        record.look_at, record.resolved_then = min(until, asks or until), record.all_resolved
    await _pause(
        record.look_at, lambda: record.over or record.news or record.all_resolved != record.resolved_then, handover,
        "look again whether it has recovered",
    )  # fmt: skip
    record.looks, record.look_at = record.looks + 1, None


def _asks_again_at(record: Record) -> datetime | None:
    """A moment that is still to come; None in a run that began before there was a second look."""
    at = asks_again_at(record)
    if at is None or at <= workflow.now() or not workflow.patched(_SECOND_LOOK):
        return None
    return at


def _may_see_more_now(record: Record, verdict: Verdict) -> bool:
    """Is it not over, and has what was asked too early had the time to show? What is less bad than when it fired may
    stay like that, and of what cannot be seen lines and spans may tell. Where all alerts say that it is over, nothing
    is asked about what cannot be seen.
    """
    if verdict.recovery is Recovery.CANNOT_TELL and record.all_resolved:
        return False
    at, patch = asks_again_at(record), _SECOND_LOOKS.get(verdict.recovery)
    return at is not None and at <= workflow.now() and patch is not None and workflow.patched(patch)


async def _pause(until: datetime, news: Callable[[], bool], handover: Handover, summary: str) -> bool:
    """Wait for news, until then. True: there is. A run that has become long ends here, and the next one waits on."""
    while True:
        left = max(timedelta(0), until - workflow.now())
        waking = await happens(lambda: news() or handover.ready, left, summary)
        if news():
            await handover.before_more()
        if news() or not waking:
            return waking
        await handover.go()


def _give_up_when_old(record: Record) -> None:
    """*Unresolved* a day after the last sighting, never before its escalation was acknowledged or paged."""
    delivered = ((d.channel, d.at) for d in record.deliveries if d.delivered and d.calls)
    last_seen = record.last_seen or record.opened_at
    if may_give_up(record.clock, record.opening.policy, last_seen, workflow.now(), delivered):
        record.ends(given_up=True)


async def watch(record: Record, handover: Handover) -> None:
    """See for the policy's time whether it holds. If so the incident is over; a relapse is not fixed."""
    since = record.recovered_at or _recovers(record)
    until = since + timedelta(seconds=record.opening.policy.watch_s)
    text = f"If it holds until {until:%H:%M:%S} UTC, the incident closes."
    record.enter(State.WATCHING, workflow.now(), Next(text=text, at=until))
    seen = await _see_until(record, until, handover)
    if record.ending.person is not None or seen.recovery is Recovery.RECOVERED:
        if record.ending.by_hand is None and record.ending.merged_into is None:
            _held(record, held=True)
        record.ends(recovered=True, effective=_effective(record))
        return
    record.recovered_at = None
    if seen.recovery is Recovery.CANNOT_TELL:
        _lost_sight(record, seen)
    else:
        _relapsed(record, seen)


def _recovers(record: Record) -> datetime:
    """The watch begins: the clocks stop, and what fires from here on is news. Whoever has it now has mended it."""
    now = workflow.now()
    record.grave_before = record.excusing  # what was excused now is no relapse
    undone_by = record.attempts[-1].undone_by if record.attempts else None
    record.ends(by_hand=record.hands_off_by or undone_by)
    record.recovered_at = now
    record.clock = record.clock.stopping(now)
    record.news = False
    record.seen, record.look_at = None, None
    return now


async def _see_until(record: Record, until: datetime, handover: Handover) -> Verdict:
    """The look that showed it broken again, else the last one: it says whether it held."""
    every = timedelta(seconds=record.opening.policy.recheck_s)
    while workflow.now() < until and record.ending.person is None:
        record.look_at = record.look_at or min(workflow.now() + every, until)
        cut_short = await _pause(
            record.look_at, lambda: record.news or record.ending.person is not None, handover, "watch that it holds",
        )  # fmt: skip
        record.look_at = None
        if not cut_short:
            record.seen = await look(record, record.watches(), 1)
        if record.news:
            return Verdict(recovery=Recovery.NOT_BETTER, reason="an alert fires anew")
        if record.seen is not None and record.seen.recovery in {Recovery.NOT_BETTER, Recovery.IMPROVING}:
            return record.seen
    return record.seen or Verdict(recovery=Recovery.RECOVERED, reason="it was not watched any longer")


def _relapsed(record: Record, seen: Verdict) -> None:
    """Clocks run on from the first detection, and the attempts already made count."""
    record.clock = record.clock.relapsing(workflow.now(), seen.reason)
    record.note(workflow.now(), Kind.VERIFICATION, "verification", f"relapse while watching: {seen.reason}")
    _held(record, held=False)


def _lost_sight(record: Record, seen: Verdict) -> None:
    """What cannot be seen is never called recovered: who had it, and went to bed when it had, is called anew."""
    now, said = workflow.now(), f"whether it held cannot be seen: {seen.reason}"
    record.clock = record.clock.running_on().voiding(now).raising(Reason.CANNOT_TELL, now, said)
    record.note(now, Kind.VERIFICATION, "verification", said)


def _held(record: Record, *, held: bool) -> None:
    """Only an action that was seen to work can hold, or fail to."""
    last = record.attempts[-1] if record.attempts else None
    worked = last is not None and last.verification is not None and last.verification.recovery is Recovery.RECOVERED
    if last is not None and worked and last.held is None:
        record.update_last_attempt(workflow.now(), held=held)


def _effective(record: Record) -> Attempt | None:
    """The attempt after which it recovered, None when it recovered by itself."""
    last = record.attempts[-1] if record.attempts else None
    if last is None or last.verification is None or not last.held:
        return None
    return last if last.verification.recovery is Recovery.RECOVERED else None
