"""Waiting: for a recovery that somebody else brings about, and afterwards to see that it holds."""

from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.escalation import HIGHEST_TIER
    from domain.incident import Attempt, State
    from domain.timeline import Kind
    from domain.verification import Recovery, Verdict
    from domain.view import Next
    from workflows.record import Record
    from workflows.verification import look

# An incident that is open for long is looked at less often, so that a day of waiting stays a short history.
_CLOSE_LOOKS = 60
_SLOWER = 5


async def wait_for_recovery(record: Record, *, at_once: bool = False) -> bool:
    """True when the system has recovered; False when a person or the policy ended it, or there is news to look at.

    `at_once`: look once, now, because all alerts say that it is over; alerts alone prove nothing.
    """
    looks = 0
    while not _told(record):
        if not at_once:
            await _until_next_look(record, looks)
            looks += 1
            if _told(record) or record.news:
                return False
        rounds = record.opening.policy.verification.samples if record.all_resolved or at_once else 1
        verdict = await look(record, record.watches(), rounds)
        if verdict.recovery is Recovery.RECOVERED:
            record.note(workflow.now(), Kind.VERIFICATION, "verification", f"recovered: {verdict.reason}")
            _told_at_last(record, verdict)
            return True
        if at_once:
            return False
        _give_up_when_old(record)
    return False


def _told_at_last(record: Record, verdict: Verdict) -> None:
    """An attempt of which nobody could tell whether it worked has its verdict now."""
    last = record.attempts[-1] if record.attempts else None
    if last is not None and last.verification is not None and last.verification.recovery is Recovery.CANNOT_TELL:
        record.update_last_attempt(workflow.now(), verification=verdict)


def _told(record: Record) -> bool:
    return record.ending.person is not None or record.ending.given_up


async def _until_next_look(record: Record, looks: int) -> None:
    pause = record.opening.policy.recheck_s * (1 if looks < _CLOSE_LOOKS else _SLOWER)
    at = workflow.now() + timedelta(seconds=pause)
    record.enter(State.WAITING_FOR_PEOPLE, workflow.now(), Next(
        text=f"The machine looks again at {at:%H:%M:%S} UTC. A person must act, or say that it is fixed.", at=at,
    ))  # fmt: skip
    resolved = record.all_resolved
    try:
        await workflow.wait_condition(
            lambda: _told(record) or record.news or record.all_resolved != resolved,
            timeout=pause, timeout_summary="look again whether it has recovered",
        )  # fmt: skip
    except TimeoutError:
        return


def _give_up_when_old(record: Record) -> None:
    """*Unresolved* a day after the last sighting, never before its escalation was acknowledged or paged."""
    last = record.last_seen or record.opened_at
    old = workflow.now() - last >= timedelta(hours=record.opening.policy.give_up_h)
    clock = record.clock
    heard = clock.acknowledged_at is not None or any(t.awaits and t.tier == HIGHEST_TIER for t in clock.told)
    if old and heard:
        record.ends(given_up=True)


async def holds(record: Record) -> bool:
    """Watch for the policy's time. True: it held, the incident is over. False: a relapse, which is not fixed."""
    now = workflow.now()
    record.recovered_at = now
    record.clock = record.clock.stopping(now)
    record.news = False
    until = now + timedelta(seconds=record.opening.policy.watch_s)
    text = f"If it holds until {until:%H:%M:%S} UTC, the incident closes."
    record.enter(State.WATCHING, now, Next(text=text, at=until))
    relapse = await _relapse_before(record, until)
    if record.ending.person is None and relapse is not None:
        _run_on(record, relapse)
        return False
    _held(record, held=True)
    record.ends(recovered=True, effective=_effective(record))
    return True


async def _relapse_before(record: Record, until: datetime) -> str | None:
    every = record.opening.policy.recheck_s
    while workflow.now() < until and record.ending.person is None:
        pause = min(timedelta(seconds=every), until - workflow.now())
        try:
            await workflow.wait_condition(
                lambda: record.news or record.ending.person is not None,
                timeout=pause, timeout_summary="watch that it holds",
            )  # fmt: skip
        except TimeoutError:
            verdict = await look(record, record.watches(), 1)
            if verdict.recovery is Recovery.NOT_BETTER:
                return verdict.reason
        if record.news:
            return "an alert fires anew"
    return None


def _run_on(record: Record, why: str) -> None:
    """Clocks run on from the first detection, and the attempts already made count."""
    record.recovered_at = None
    record.clock = record.clock.running_on()
    record.note(workflow.now(), Kind.VERIFICATION, "verification", f"relapse while watching: {why}")
    _held(record, held=False)


def _held(record: Record, *, held: bool) -> None:
    last = record.attempts[-1] if record.attempts else None
    if last is not None and last.executed is not None and last.held is None:
        record.update_last_attempt(workflow.now(), held=held)


def _effective(record: Record) -> Attempt | None:
    """The attempt after which it recovered, None when it recovered by itself."""
    last = record.attempts[-1] if record.attempts else None
    if last is None or last.verification is None or not last.held:
        return None
    return last if last.verification.recovery is Recovery.RECOVERED else None
