"""Waiting: for a recovery that somebody else brings about, and afterwards to see that it holds."""

from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.escalation import Reason, may_give_up
    from domain.incident import Attempt, State
    from domain.timeline import Kind
    from domain.verification import Recovery, Verdict
    from domain.view import Next
    from workflows.record import Record
    from workflows.remediation import may_act_now
    from workflows.timers import happens
    from workflows.verification import look

# An incident that is open for long is looked at less often, so that a day of waiting stays a short history.
_CLOSE_LOOKS = 60
_SLOWER = 5


async def resolved_alone(record: Record) -> Recovery:
    """All alerts say that it is over. Alerts alone prove nothing: look at the numbers behind them."""
    verdict = await look(record, record.watches(), record.opening.policy.verification.samples)
    said = f"all alerts are resolved; {verdict.recovery}: {verdict.reason}"
    record.note(workflow.now(), Kind.VERIFICATION, "verification", said)
    if verdict.recovery is Recovery.RECOVERED:
        _told_at_last(record, verdict)
    return verdict.recovery


async def wait_for_recovery(record: Record) -> bool:
    """True when the system has recovered; False when a person or the policy ended it, or there is news to look at."""
    looks = 0
    while not record.over:
        await _until_next_look(record, looks)
        looks += 1
        if record.over or record.news:
            return False
        was_blind = record.blind
        verdict = await _look_closer(record)
        if verdict.recovery is Recovery.RECOVERED:
            record.note(workflow.now(), Kind.VERIFICATION, "verification", f"recovered: {verdict.reason}")
            _told_at_last(record, verdict)
            return True
        if was_blind and verdict.recovery is Recovery.NOT_BETTER and not record.unsure:
            return False  # it can be seen again, and it is not over: worth an attempt
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
    """An attempt of which nobody could tell whether it worked has its verdict now."""
    last = record.attempts[-1] if record.attempts else None
    if last is not None and record.unsure:
        record.update_last_attempt(workflow.now(), verification=verdict)


async def _until_next_look(record: Record, looks: int) -> None:
    """What comes next is said without a time of day: each change is a record to write, and this goes on for long."""
    pause = record.opening.policy.recheck_s * (1 if looks < _CLOSE_LOOKS else _SLOWER)
    record.enter(State.WAITING_FOR_PEOPLE, workflow.now(), Next(
        text=f"The machine looks again every {pause:g} s. A person must act, or say that it is fixed.",
    ))  # fmt: skip
    resolved = record.all_resolved
    await happens(
        lambda: record.over or record.news or record.all_resolved != resolved,
        pause, "look again whether it has recovered",
    )  # fmt: skip


def _give_up_when_old(record: Record) -> None:
    """*Unresolved* a day after the last sighting, never before its escalation was acknowledged or paged."""
    delivered = ((d.channel, d.at) for d in record.deliveries if d.delivered)
    last_seen = record.last_seen or record.opened_at
    if may_give_up(record.clock, record.opening.policy, last_seen, workflow.now(), delivered):
        record.ends(given_up=True)


async def watch(record: Record) -> None:
    """See for the policy's time whether it holds. If so the incident is over; a relapse is not fixed."""
    now = workflow.now()
    record.recovered_at = now
    record.clock = record.clock.stopping(now)
    record.news = False
    until = now + timedelta(seconds=record.opening.policy.watch_s)
    text = f"If it holds until {until:%H:%M:%S} UTC, the incident closes."
    record.enter(State.WATCHING, now, Next(text=text, at=until))
    seen = await _see_until(record, until)
    if record.ending.person is not None or seen.recovery is Recovery.RECOVERED:
        _held(record, held=True)
        record.ends(recovered=True, effective=_effective(record))
        return
    record.recovered_at = None
    record.clock = record.clock.running_on()
    if seen.recovery is Recovery.CANNOT_TELL:
        _lost_sight(record, seen)
    else:
        _relapsed(record, seen)


async def _see_until(record: Record, until: datetime) -> Verdict:
    """The look that showed it broken again, else the last one: it says whether it held."""
    seen = Verdict(recovery=Recovery.RECOVERED, reason="it was not watched any longer")
    every = timedelta(seconds=record.opening.policy.recheck_s)
    while workflow.now() < until and record.ending.person is None:
        pause = min(every, until - workflow.now())
        if not await happens(lambda: record.news or record.ending.person is not None, pause, "watch that it holds"):
            seen = await look(record, record.watches(), 1)
        if record.news:
            return Verdict(recovery=Recovery.NOT_BETTER, reason="an alert fires anew")
        if seen.recovery in {Recovery.NOT_BETTER, Recovery.IMPROVING}:
            return seen
    return seen


def _relapsed(record: Record, seen: Verdict) -> None:
    """Clocks run on from the first detection, and the attempts already made count."""
    record.note(workflow.now(), Kind.VERIFICATION, "verification", f"relapse while watching: {seen.reason}")
    _held(record, held=False)


def _lost_sight(record: Record, seen: Verdict) -> None:
    """What cannot be seen is never called recovered."""
    said = f"whether it held cannot be seen: {seen.reason}"
    record.note(workflow.now(), Kind.VERIFICATION, "verification", said)
    record.calls_for(Reason.CANNOT_TELL, workflow.now(), said)


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
