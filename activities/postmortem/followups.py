"""Follow-ups: three to five things to do, each from a fact of this incident."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Literal

from activities.postmortem.measure import words
from activities.postmortem.prevention import prevention
from domain.correlation import Relation
from domain.finding import Finding
from domain.incident import Outcome
from domain.model import Model
from domain.view import Delivery, IncidentView

MOST = 5
DETECT_WITHIN_S = 60.0
"""The target for detection (spec section 10)."""


class Priority(StrEnum):
    """P1 and P2 are due within the 4 and 8 weeks that Atlassian's incident handbook sets for priority actions."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


DUE = {
    Priority.P1: "within 4 weeks of the review",
    Priority.P2: "within 8 weeks of the review",
    Priority.P3: "within 13 weeks of the review",
}


class FollowUp(Model):
    """One thing to do. `measure`: how a person sees that it is done; `because`: the fact that it follows from."""

    priority: Priority
    kind: Literal["prevent", "detect", "mitigate"]
    text: str
    measure: str
    because: str
    owner: str = "to be named"
    due: str


def follow_ups(view: IncidentView) -> tuple[FollowUp, ...]:
    """The most important first. Three there always are: from the cause, a rehearsal, and what was not measured."""
    found = [*_cause(view), *_fix(view), *_people(view), *_sight(view), *_always(view)]
    order = list(Priority)
    return tuple(sorted(found, key=lambda item: order.index(item.priority))[:MOST])


def _item(
    priority: Priority, kind: Literal["prevent", "detect", "mitigate"], text: str, measure: str, because: str
) -> FollowUp:
    return FollowUp(priority=priority, kind=kind, text=text, measure=measure, because=because, due=DUE[priority])


def _cause(view: IncidentView) -> Iterator[FollowUp]:
    if view.outcome is Outcome.FALSE_POSITIVE:
        names = ", ".join(dict.fromkeys(a.name for a in view.anomalies)) or "the alert"
        yield _item(
            Priority.P1, "detect", f"Change the rule of {names} so that this does not fire again",
            "the rule, run over the last week, is silent where people saw no trouble",
            "a person marked this incident a false positive",
        )  # fmt: skip
        return
    named = view.diagnosis.named if view.diagnosis else None
    texts = prevention(named.service, named.category, cited(view)) if named else None
    if named is None or texts is None:
        look = view.diagnosis.look_next if view.diagnosis else ()
        yield _item(
            Priority.P1, "detect", f"Find the cause by hand, beginning here: {look[0] if look else view.title}",
            "the cause is written here with its evidence", f"the diagnosis says: {view.cause}",
        )  # fmt: skip
        return
    yield _item(Priority.P1, "prevent", texts.prevent, texts.measure, f"the cause: {named.sentence}")
    yield _item(
        Priority.P2, "detect", texts.detect, "the alert fires in a rehearsal of this fault before any request fails",
        f"the first alert said: {view.title}",
    )  # fmt: skip


def _fix(view: IncidentView) -> Iterator[FollowUp]:
    for attempt in view.attempts:
        if attempt.executed is not None and attempt.held is False:
            yield _item(
                Priority.P1, "mitigate", f"Find out why {attempt.plan.action} did not help, and correct its rule",
                f"a rehearsal of this fault no longer leads to {attempt.plan.action}, or it helps",
                f"attempt {attempt.number}: {attempt.verification.reason if attempt.verification else 'not verified'}",
            )  # fmt: skip
        if attempt.approved_by and attempt.held:
            yield _item(
                Priority.P3, "mitigate", f"Decide whether {attempt.plan.action} on {attempt.plan.target} may run alone",
                "the policy says so, or says why not", f"{attempt.approved_by} approved it and it held",
            )  # fmt: skip
    if view.link is not None and view.link.relation in {Relation.RECURRENCE, Relation.CONTINUATION}:
        yield _item(
            Priority.P1, "prevent", f"Finish what was promised after {view.link.previous}",
            "its follow-ups are closed, or dropped with a reason", view.link.reason,
        )  # fmt: skip


def _people(view: IncidentView) -> Iterator[FollowUp]:
    lost = _undelivered(view)
    if lost:
        channels = " and ".join(lost)
        why = "; ".join(f"{channel}: {len(failed)}, {failed[-1].detail}" for channel, failed in lost.items())
        yield _item(
            Priority.P1, "mitigate", f"Make {channels} deliver, or take out of the policy what nobody uses",
            f"a test message arrives by {channels}", f"messages went nowhere ({why})",
        )  # fmt: skip
    if view.clock.escalated_at is not None and view.clock.acknowledged_first is None:
        yield _item(
            Priority.P2, "mitigate", "Find out why nobody acknowledged, and change who is called or how",
            "a test page is acknowledged within the policy's time", "people were called upon and nobody acknowledged",
        )  # fmt: skip
    if view.recovered_at is not None and view.recovered_at > view.sla_due:
        yield _item(
            Priority.P2, "mitigate", "Shorten the longest stretch of the timeline",
            "a rehearsal recovers within the target",
            f"the target was missed by {words(view.recovered_at - view.sla_due)}",
        )  # fmt: skip
    if view.runbook is None:
        yield _item(
            Priority.P3, "mitigate", f"Write a runbook for {view.service} and name it in its alerts",
            "every alert of the service has a runbook link", "no alert of this incident names a runbook",
        )  # fmt: skip


def _undelivered(view: IncidentView) -> dict[str, list[Delivery]]:
    """What never arrived, by channel. A message that went through at a second try is none of it."""
    arrived = {(d.channel, d.subject) for d in view.deliveries if d.delivered}
    lost: dict[str, list[Delivery]] = {}
    for delivery in view.deliveries:
        if not delivery.delivered and (delivery.channel, delivery.subject) not in arrived:
            lost.setdefault(delivery.channel, []).append(delivery)
    return lost


def _sight(view: IncidentView) -> Iterator[FollowUp]:
    for finding in unseen(view):
        yield _item(
            Priority.P2, "detect", f"Make {finding.source} readable during an incident",
            f"a diagnosis of a rehearsal cites {finding.source}", f"{finding.title}",
        )  # fmt: skip
    seconds = (view.opened_at - view.onset).total_seconds()
    if seconds > DETECT_WITHIN_S:
        yield _item(
            Priority.P2, "detect", "Let the alert speak up earlier: its waiting time, its window, the scrape interval",
            f"a rehearsal is detected within {DETECT_WITHIN_S:.0f} s",
            f"it took {words(view.opened_at - view.onset)} from the onset to the incident opened",
        )  # fmt: skip


def _always(view: IncidentView) -> Iterator[FollowUp]:
    yield _item(
        Priority.P3, "detect", f"Repeat this fault of {view.service} on purpose and compare the times with this page",
        "a rehearsal is on record", "a fix that was never rehearsed is a hope",
    )  # fmt: skip
    yield _item(
        Priority.P3, "detect", "Give Nightshift the queries for affected users and revenue",
        "the next postmortem has both numbers", "nobody measured either in this incident",
    )  # fmt: skip


def cited(view: IncidentView) -> list[Finding]:
    """The findings that the named cause rests on, strongest first."""
    named = view.diagnosis.named if view.diagnosis else None
    if named is None:
        return []
    return sorted((f for f in view.findings if f.id in named.supporting), key=lambda f: -f.strength)


def unseen(view: IncidentView) -> list[Finding]:
    """What nobody could look at, each source once."""
    missing = {f.source: f for f in view.findings if f.unseen}
    return list(missing.values())
