"""Why people are told, in a word for the machine and a sentence for people."""

from enum import StrEnum


class Reason(StrEnum):
    """Why people are told. ANNOUNCED is no escalation: automation is at work, and they may sleep on.

    Nor is REMINDER: it goes to who has acknowledged, and awaits no answer.
    """

    ANNOUNCED = "announced"
    CRITICAL = "critical"
    MONITORING = "monitoring"
    LOW_CONFIDENCE = "low_confidence"
    NO_PLAN = "no_plan"
    GATE_REFUSED = "gate_refused"
    APPROVAL_NEEDED = "approval_needed"
    APPROVAL_REFUSED = "approval_refused"
    APPROVAL_EXPIRED = "approval_expired"
    ATTEMPTS_USED_UP = "attempts_used_up"
    CANNOT_TELL = "cannot_tell"
    UNDO_FAILED = "undo_failed"
    RELAPSED = "relapsed"
    UNRESOLVED = "unresolved"
    SLA_AT_RISK = "sla_at_risk"
    SLA_MISSED = "sla_missed"
    NOT_ACKNOWLEDGED = "not_acknowledged"
    REMINDER = "reminder"


WORDS: dict[Reason, str] = {
    Reason.ANNOUNCED: "unresolved for a while; automation is at work",
    Reason.CRITICAL: "severity is CRITICAL",
    Reason.MONITORING: "monitoring is degraded, or the outage is a large one",
    Reason.LOW_CONFIDENCE: "confidence in the cause is below the policy's threshold",
    Reason.NO_PLAN: "there is no remediation that fits",
    Reason.GATE_REFUSED: "the safety gate refused the remediation",
    Reason.APPROVAL_NEEDED: "a remediation waits for a decision",
    Reason.APPROVAL_REFUSED: "a person refused the remediation",
    Reason.APPROVAL_EXPIRED: "nobody decided before the deadline",
    Reason.ATTEMPTS_USED_UP: "all attempts of the policy are used up",
    Reason.CANNOT_TELL: "nobody can tell whether the remediation worked",
    Reason.UNDO_FAILED: "URGENT: a remediation did not help and could not be undone",
    Reason.RELAPSED: "it had recovered, and is back",
    Reason.UNRESOLVED: "unresolved for more than twice the delay",
    Reason.SLA_AT_RISK: "75 % of the MTTR target is used",
    Reason.SLA_MISSED: "the MTTR target has passed",
    Reason.NOT_ACKNOWLEDGED: "nobody acknowledged in time",
    Reason.REMINDER: "still open, and you have it",
}


FORESEEN = frozenset({
    Reason.ANNOUNCED, Reason.UNRESOLVED, Reason.SLA_AT_RISK, Reason.SLA_MISSED, Reason.NOT_ACKNOWLEDGED,
    Reason.REMINDER,
})  # fmt: skip
"""Due at a time that is known long before; the others come up."""

AT_ONCE = frozenset({Reason.APPROVAL_NEEDED, Reason.UNDO_FAILED})
"""Said in the very moment: a deadline runs already, or nobody looks after what the machine has left."""

ABOUT_A_PLAN = frozenset({Reason.APPROVAL_NEEDED, Reason.APPROVAL_REFUSED, Reason.APPROVAL_EXPIRED, Reason.UNDO_FAILED})
"""Said again when they come up again: another plan waits for another decision, with another deadline."""

BREAKS_A_SNOOZE = frozenset({Reason.CRITICAL, Reason.SLA_MISSED, Reason.APPROVAL_NEEDED, Reason.UNDO_FAILED})
"""Said even while somebody wants quiet: what has become worse, and what would be over by the end of it."""
