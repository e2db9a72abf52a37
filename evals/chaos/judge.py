"""The judge: from what is seen outside, what was lost and what was done twice. Pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise

from domain.escalation import WORDS, Due, Reason, Told, schedule
from domain.incident import State
from domain.message import Moment
from evals.chaos.evidence import Evidence, Incident, Letter, Order
from evals.chaos.lateness import away

TERMINATED = "57P01"
"""admin_shutdown: what PostgreSQL tells a session that pg_terminate_backend ends."""
RUNNING, COMPLETED = "RUNNING", "COMPLETED"
WAITING = frozenset({State.WAITING_FOR_APPROVAL, State.WAITING_FOR_PEOPLE})
OVERDUE = timedelta(seconds=30)
"""Beyond downtime: what is due for longer than this and has not been said counts as lost."""
_MESSAGE_ID = re.compile(r"<(INC-\d{8}-[0-9A-Z]{6})\.(\d+)@")
_MERGED = State.MERGED
AGAIN_AND_AGAIN = frozenset({Reason.NOT_ACKNOWLEDGED, Reason.REMINDER})
"""What is said for as long as nobody answers, or nothing changes."""


class Sort(StrEnum):
    """What went wrong."""

    LOST = "lost"
    ESCALATION_LOST = "escalation lost"
    DOUBLED = "doubled"
    LOCK_LEFT = "lock left"


@dataclass(frozen=True)
class Problem:
    """One thing that must not be; `who` is an incident, an alert or a target."""

    sort: Sort
    who: str
    said: str


def judge(evidence: Evidence) -> tuple[Problem, ...]:
    """Everything that was lost, done twice, or left behind."""
    return (
        *_alerts(evidence),
        *(problem for incident in evidence.incidents for problem in _stands(incident)),
        *(problem for incident in evidence.incidents for problem in _timers(incident)),
        *_letters(evidence),
        *_acts(evidence),
        *(Problem(Sort.LOCK_LEFT, lock, "is still held") for lock in evidence.locks),
    )


def count(problems: Iterable[Problem], sort: Sort) -> int:
    return sum(problem.sort is sort for problem in problems)


# -- incidents


def _alerts(evidence: Evidence) -> Iterator[Problem]:
    """Each alert that was taken in belongs to one incident: what was handed over belongs to the survivor."""
    holders: dict[str, list[str]] = defaultdict(list)
    for incident in evidence.incidents:
        if incident.view.state is not _MERGED:
            for anomaly in incident.view.anomalies:
                holders[anomaly.fingerprint].append(incident.view.incident)
    for alert in evidence.alerts:
        found = holders[alert.fingerprint]
        if not found:
            yield Problem(Sort.LOST, alert.fingerprint, f"was accepted for {alert.service}, and no incident knows it")
        elif len(found) > 1:
            yield Problem(Sort.DOUBLED, alert.fingerprint, f"belongs to {', '.join(found)}")


def _stands(incident: Incident) -> Iterator[Problem]:
    """At the end an incident is closed and its run complete, or it waits for people and says so."""
    view = incident.view
    if view.state.closed and incident.status == COMPLETED:
        return
    if view.state in WAITING and incident.status == RUNNING and view.next.text:
        return
    yield Problem(Sort.LOST, view.incident, f"stands at {view.state.value!r}, and its run is {incident.status}")


def _timers(incident: Incident) -> Iterator[Problem]:
    for timer in incident.timers:
        if timer.fired + timer.canceled > 1:
            said = f"timer {timer.name!r} fired {timer.fired} times and was cancelled {timer.canceled} times"
            yield Problem(Sort.DOUBLED, incident.view.incident, said)


# -- what people were told


def _letters(evidence: Evidence) -> Iterator[Problem]:
    numbered: dict[str, dict[int, list[Letter]]] = defaultdict(lambda: defaultdict(list))
    for letter in evidence.letters:
        known = _MESSAGE_ID.match(letter.message_id)
        if known is None:
            yield Problem(Sort.DOUBLED, letter.message_id, "is no message of an incident")
            continue
        numbered[known[1]][int(known[2])].append(letter)
    for incident in evidence.incidents:
        mine = numbered.pop(incident.view.incident, {})
        yield from _told(incident, mine)
        yield from _unsaid(incident, evidence)
        if incident.view.incident in evidence.must_call and not (incident.view.escalated and mine):
            yield Problem(Sort.ESCALATION_LOST, incident.view.incident, "should have called people, and did not")
    for stranger in numbered:
        yield Problem(Sort.DOUBLED, stranger, "sent mail, and there is no such incident")


def _told(incident: Incident, mine: Mapping[int, Sequence[Letter]]) -> Iterator[Problem]:
    """What the clock has told was ordered once; what was ordered came once, and with its words."""
    name, told = incident.view.incident, incident.view.clock.told
    ordered = Counter(order.told for order in incident.orders if order.told is not None)
    for said in told:
        if ordered[said] != 1:
            sort = Sort.DOUBLED if ordered[said] else Sort.ESCALATION_LOST
            yield Problem(sort, name, f"{_words(said)!r} was told, and ordered as mail {ordered[said]} times")
    for order in incident.orders:
        if not mine.get(order.number):
            said = f"message {order.number} ({_subject(order)}) never reached the mail server"
            yield Problem(Sort.ESCALATION_LOST, name, said)
        elif not all(_says(letter, order) for letter in mine[order.number]):
            said = f"message {order.number} does not say {_subject(order)!r}"
            yield Problem(Sort.ESCALATION_LOST, name, said)
    for number in sorted(mine.keys() - {order.number for order in incident.orders}):
        yield Problem(Sort.DOUBLED, name, f"message {number} came, and nobody had ordered it")
    yield from _end_told(incident)
    yield from _said_again(incident)


def _end_told(incident: Incident) -> Iterator[Problem]:
    """Who was told of it is told its end, once each time that it ended: one that was opened again ends again."""
    ends = sum(order.moment is Moment.CLOSED for order in incident.orders)
    reopened = sum("reopened" in entry.text for entry in incident.view.timeline)
    name = incident.view.incident
    if ends > 1 + reopened:
        yield Problem(Sort.DOUBLED, name, f"its end was told {ends} times")
    if not ends and incident.view.state.closed and any(d.delivered for d in incident.view.deliveries):
        yield Problem(Sort.ESCALATION_LOST, name, "its end was not told to those who had been told of it")


def _words(told: Told) -> str:
    return "; ".join(WORDS[reason] for reason in told.reasons)


def _subject(order: Order) -> str:
    return _words(order.told) if order.told is not None else order.moment.value


def _says(letter: Letter, order: Order) -> bool:
    flat = " ".join(letter.text.split())
    return order.told is None or all(WORDS[reason] in flat for reason in order.told.reasons)


def _said_again(incident: Incident) -> Iterator[Problem]:
    """Each reason once for a severity; once for each time that it came up; silence once in its window."""
    clock, policy = incident.view.clock, incident.policy
    raised = Counter(raised.reason for raised in clock.raised)
    times = Counter(
        (reason, told.severity) for told in clock.told for reason in told.reasons if reason not in told.again
    )
    for (reason, severity), said in times.items():
        allowed = max(1, raised[reason])
        if reason not in AGAIN_AND_AGAIN and said > allowed:
            words = f"{WORDS[reason]!r} was said {said} times at {severity}"
            yield Problem(Sort.DOUBLED, incident.view.incident, words)
    minutes = policy.escalation.row(clock.severity).acknowledge_min
    silences = [told.at for told in clock.told if Reason.NOT_ACKNOWLEDGED in told.reasons and not told.repeats]
    for earlier, later in pairwise(silences):
        if minutes is not None and later - earlier < timedelta(minutes=minutes):
            words = f"{WORDS[Reason.NOT_ACKNOWLEDGED]!r} was said again after {later - earlier}"
            yield Problem(Sort.DOUBLED, incident.view.incident, words)


def _unsaid(incident: Incident, evidence: Evidence) -> Iterator[Problem]:
    """What the domain's own clock says was due long before the end, or before the recovery, and was never said."""
    clock = incident.view.clock
    if incident.view.state is _MERGED:
        return
    end = clock.stopped_at or evidence.now
    for due in schedule(clock.running_on(), incident.policy):
        if due.at + OVERDUE + away(evidence.downs, due.at, end) < end:
            yield Problem(Sort.ESCALATION_LOST, incident.view.incident, _overdue(due))


def _overdue(due: Due) -> str:
    return f"{WORDS[due.reason]!r} was due at {due.at:%H:%M:%S} and was never said"


# -- what was done to the systems under care


def _acts(evidence: Evidence) -> Iterator[Problem]:
    rows: dict[str, list[int]] = defaultdict(list)
    for act in evidence.acts:
        rows[act.incident].append(act.affected)
    known = {incident.view.incident for incident in evidence.incidents}
    for incident in evidence.incidents:
        yield from _recorded(incident, rows.get(incident.view.incident, []))
    for stranger in rows.keys() - known:
        yield Problem(Sort.DOUBLED, stranger, "acted, and there is no such incident")
    for patient in evidence.patients:
        recorded = sum(act.affected for act in evidence.acts if act.target == patient.target)
        ended = sum(code == TERMINATED for code in patient.codes)
        if ended > recorded:
            said = f"{ended} sessions were ended, and the audit log knows of {recorded}"
            yield Problem(Sort.LOST, patient.target, said)
        if ended < recorded:
            said = f"the audit log counts {recorded} ended sessions, the server ended {ended}"
            yield Problem(Sort.DOUBLED, patient.target, said)
        if patient.bystanders:
            said = f"{patient.bystanders} sessions were ended that came after the machine had acted"
            yield Problem(Sort.DOUBLED, patient.target, said)


def _recorded(incident: Incident, affected: Sequence[int]) -> Iterator[Problem]:
    """One fault, one execution, one row."""
    done = [attempt.executed for attempt in incident.view.attempts if attempt.executed is not None]
    if len(done) > 1 or len(affected) > 1:
        said = f"{len(done)} attempts were executed, the audit log has {len(affected)} rows"
        yield Problem(Sort.DOUBLED, incident.view.incident, said)
    elif len(done) != len(affected):
        said = f"{len(done)} attempts were executed, the audit log has {len(affected)} rows"
        yield Problem(Sort.LOST, incident.view.incident, said)
