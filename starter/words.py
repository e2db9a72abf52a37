"""The facts of an incident in words, the same on pages and on the command line. Pure: `now` is given."""

from datetime import datetime
from enum import StrEnum

from domain.incident import Attempt, Outcome
from domain.levels import Severity
from domain.model import Model
from domain.track import Track
from domain.verification import Recovery
from domain.view import IncidentView

# Known by shape as well as by colour.
MARKS = {Severity.CRITICAL: "▲", Severity.HIGH: "■", Severity.MEDIUM: "●", Severity.LOW: "○"}
OUTCOMES = {
    Outcome.AUTO_RESOLVED: "fixed by the machine",
    Outcome.RESOLVED_BY_HUMAN: "resolved with a person's decision",
    Outcome.SELF_RESOLVED: "recovered by itself",
    Outcome.FALSE_POSITIVE: "false positive",
    Outcome.UNRESOLVED: "not resolved",
    Outcome.MERGED: "merged into another incident",
}
# What these ended with says nothing of how fast a trouble was cured.
_WITHOUT_TARGET = {Outcome.MERGED, Outcome.FALSE_POSITIVE}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


class SlaLevel(StrEnum):
    """How the MTTR target stands."""

    IN_TIME = "in time"
    AT_RISK = "at risk"
    MISSED = "missed"
    KEPT = "kept"


class Sla(Model):
    """The MTTR target in words. `share` of it is used, 0 to 1."""

    level: SlaLevel
    share: float
    text: str


def span(seconds: float) -> str:
    """A length of time as people say it: 45 s, 6 min, 2 h 5 min, 3 d 4 h."""
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < _DAY:
        return _two(whole // _HOUR, "h", whole % _HOUR // _MINUTE, "min")
    return _two(whole // _DAY, "d", whole % _DAY // _HOUR, "h")


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit}" + (f" {small} {small_unit}" if small else "")


def relative(at: datetime, now: datetime) -> str:
    """How long ago, or in how long."""
    seconds = (now - at).total_seconds()
    if abs(seconds) < 1:
        return "now"
    return f"{span(seconds)} ago" if seconds > 0 else f"in {span(-seconds)}"


def absolute(at: datetime, now: datetime) -> str:
    """The time of day with its zone, and the date unless it is today's. The zone is that of `now`."""
    there = at.astimezone(now.tzinfo)
    return f"{there:%H:%M:%S %Z}" if there.date() == now.date() else f"{there:%Y-%m-%d %H:%M:%S %Z}"


def took(seconds: float) -> str:
    """How long a piece of a request takes."""
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def cause(view: IncidentView) -> str:
    """The cause; what was merged before anybody looked has it in the other incident."""
    if view.merged_into is not None and view.diagnosis is None:
        return f"looked for in {view.merged_into}"
    return view.cause


def state_words(view: IncidentView) -> str:
    """Where it stands; a closed incident says how it ended, a merged one where it goes on."""
    if view.merged_into is not None:
        return f"goes on in {view.merged_into}"
    return OUTCOMES[view.outcome] if view.outcome is not None else view.state.value


def title(view: IncidentView) -> str:
    """A page's title: what must be seen among many tabs comes first."""
    return " \N{EN DASH} ".join(
        (f"{MARKS[view.severity]} {state_words(view).capitalize()}", view.service, view.incident)
    )


def open_for(view: IncidentView, now: datetime) -> str:
    """How long it has been open, or was."""
    if view.closed_at is not None:
        return f"was open for {span((view.closed_at - view.opened_at).total_seconds())}"
    return f"open for {span((now - view.opened_at).total_seconds())}"


def sla(view: IncidentView, now: datetime) -> Sla | None:
    """The MTTR target: counted from the first detection, stopped at verified recovery.

    None for an incident that was merged, whose clock goes on in the other, and for a false positive.
    """
    if view.outcome in _WITHOUT_TARGET:
        return None
    start, due = view.clock.detected_at, view.sla_due
    stopped = view.clock.stopped_at
    at = stopped or now
    total = max((due - start).total_seconds(), 1.0)
    share = min(1.0, max(0.0, (at - start).total_seconds() / total))
    off = span(abs((due - at).total_seconds()))
    target = f"SLA {span(total)}"
    if at > due:
        return Sla(level=SlaLevel.MISSED, share=1.0, text=f"{target}: missed by {off}")
    if stopped is not None:
        return Sla(level=SlaLevel.KEPT, share=share, text=f"{target}: kept, {off} were left")
    level = SlaLevel.AT_RISK if at >= view.at_risk_from else SlaLevel.IN_TIME
    return Sla(
        level=level, share=share, text=f"{target}: {off} left" + (", at risk" if level is SlaLevel.AT_RISK else "")
    )


def sureness(view: IncidentView) -> str:
    """Confidence as number, word and reason; empty before anything was looked at."""
    diagnosis = view.diagnosis
    if diagnosis is None:
        return ""
    calibration = "" if diagnosis.calibrated else ", uncalibrated"
    return f"{diagnosis.confidence:.2f}, {diagnosis.word}{calibration}: {diagnosis.confidence_reason}"


def not_seen(view: IncidentView) -> str:
    """The sources that nobody could look at, each with its reason."""
    if view.diagnosis is None or not view.diagnosis.not_seen:
        return ""
    reasons = {f.source: f.title for f in view.findings if f.unseen}
    return "; ".join(reasons.get(source, source.value) for source in view.diagnosis.not_seen)


def decides(view: IncidentView, now: datetime) -> str:
    """Who has to decide, until when; and who has it."""
    if view.merged_into is not None:
        return f"Nothing here: decisions are made in {view.merged_into}."
    if view.state.closed:
        return "Nobody has to: it is closed."
    if view.waiting is not None:
        who = " or ".join(view.waiting.approvers) or "nobody: the policy lists no approvers"
        deadline = view.waiting.deadline
        return f"{who}, until {absolute(deadline, now)} ({relative(deadline, now)})."
    if view.hands_off:
        return f"{view.clock.acknowledged_by or 'A person'} has taken it over; the machine only watches."
    if view.clock.acknowledged_by and view.clock.acknowledged_at:
        return f"{view.clock.acknowledged_by} has acknowledged it, {relative(view.clock.acknowledged_at, now)}."
    called = [t for t in view.clock.told if t.awaits]
    if called:
        times = ", again ".join(f"tier {t.tier} {absolute(t.at, now)}" for t in called)
        return f"Nobody has acknowledged: called {times}."
    return "Nobody has to, so far."


def next_words(view: IncidentView, now: datetime) -> str:
    """What happens next, with its time; a machine that waits for nothing says so."""
    if view.merged_into is not None:
        return f"It goes on in {view.merged_into}."
    text = view.next.text.rstrip(".")
    if view.next.at is not None and f"{view.next.at.astimezone(now.tzinfo):%H:%M:%S}" in text:
        return f"{text} ({relative(view.next.at, now)})."
    if view.next.at is not None:
        return f"{text}: {absolute(view.next.at, now)} ({relative(view.next.at, now)})."
    return f"{text}."


def proof(view: IncidentView) -> str:
    """How much evidence there is, and where it is thin."""
    found = sum(f.presence == "found" for f in view.findings)
    absent = sum(f.presence == "absent" for f in view.findings)
    missing = sum(f.presence == "missing" for f in view.findings)
    if not view.findings and view.merged_into is not None:
        return f"It was merged before anything was looked at; the evidence is in {view.merged_into}."
    if not view.findings:
        return "Nothing has been looked at yet."
    gap = f", {missing} could not be asked" if missing else ""
    return f"{found} findings, {absent} looked at without result{gap}."


def attempt_result(attempt: Attempt) -> str:
    """What came of an attempt."""
    if attempt.error is not None:
        return f"could not be done: {attempt.error}"
    if attempt.executed is None:
        return f"not executed: {attempt.gate.reason}"
    verdict = f"; {attempt.verification.recovery}" if attempt.verification else ""
    undone = f"; {attempt.undo.words}" if attempt.undo else ""
    return f"{attempt.executed.detail}{verdict}{undone}"


def needs_words(view: IncidentView) -> str:
    """What a person has to do, in one word for lists."""
    return {"approval": "a decision", "ack": "an acknowledgement"}.get(view.needs, "nothing")


def needs_who(view: IncidentView) -> str:
    """Who that is, as far as it is known; empty when nobody has to do anything."""
    if view.waiting is not None and not view.state.closed:
        return " or ".join(view.waiting.approvers) or "no approver is listed"
    awaited = [told.tier for told in view.clock.told if told.awaits]
    return f"tier {awaited[-1]}" if view.needs == "ack" and awaited else ""


def attempts_words(view: IncidentView) -> str:
    """How the attempts went, in as few words as a list has room for."""
    done = [attempt for attempt in view.attempts if attempt.executed is not None or attempt.error is not None]
    good = sum(a.verification is not None and a.verification.recovery is Recovery.RECOVERED for a in done)
    judged = [a for a in done if a.error is not None or a.verification is not None]
    parts = {"ok": good, "failed": len(judged) - good, "under way": len(done) - len(judged),
             "not run": len(view.attempts) - len(done)}  # fmt: skip
    return ", ".join(f"{count} {word}" for word, count in parts.items() if count) or "none"


def track_words(track: Track, now: datetime) -> str:
    """How an action has fared on its target: 3 of 4 worked, last failed 9 Nov."""
    if not track.tried:
        return "never tried on this target before"
    unknown = track.tried - track.worked - track.failed
    failed = f", last failed {_day(track.last_failed, now)}" if track.last_failed else ""
    return f"{track.worked} of {track.tried} worked{failed}" + (f", of {unknown} nobody can tell" if unknown else "")


def _day(at: datetime, now: datetime) -> str:
    """A day as people say it, with the year only where it is another one."""
    there = at.astimezone(now.tzinfo)
    if there.date() == now.date():
        return f"today at {there:%H:%M %Z}"
    return f"{there.day} {there:%b}" + (f" {there.year}" if there.year != now.year else "")
