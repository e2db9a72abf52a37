"""The judge: measured from outside of the product, by the shop's customers and by the injector itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.finding import Category
from domain.incident import Outcome
from domain.timeline import Kind
from domain.view import IncidentView
from rig.faults.fault import FaultReport
from rig.faults.held_lock import APPLICATION as BLOCKER
from rig.servers.smtp import Mail

NORMAL_ERROR_RATE = 0.01
BROKEN_ERROR_RATE = 0.05
"""The shop's own alert fires above it."""
_BLOCKED = "orders"
TERMINATED = "57P01"
"""admin_shutdown: what PostgreSQL tells a session that pg_terminate_backend ends."""


@dataclass(frozen=True)
class Check:
    """One thing that must hold, with what was seen."""

    claim: str
    holds: bool
    seen: str


def judge_fixed(view: IncidentView, error_rate: float, fault: FaultReport, audited: int | None) -> Iterator[Check]:
    """What must hold when the machine has fixed it."""
    codes = sorted({ended.sqlstate or "none" for ended in fault.ended})
    yield Check(
        "the shop's customers are served again",
        error_rate <= NORMAL_ERROR_RATE,
        f"{error_rate:.1%} of requests failed in the last 20 s",
    )
    yield Check(
        "the injector's sessions were ended by the server",
        bool(fault.ended) and codes == [TERMINATED] and fault.held == 0,
        f"{len(fault.ended)} ended with SQLSTATE {', '.join(codes) or 'none'}, {fault.held} still held",
    )
    yield Check(
        "the audit log counts the same sessions",
        audited is not None and audited == len(fault.ended),
        f"audit {audited if audited is not None else 'has no row'}, injector {len(fault.ended)}",
    )
    yield Check(
        "the incident closed as auto_resolved",
        view.outcome is Outcome.AUTO_RESOLVED,
        f"{view.outcome or view.state}",
    )


def judge_escalated(view: IncidentView, fault: FaultReport, mails: Sequence[str]) -> Iterator[Check]:
    """What must hold when the machine has nothing that fits: it names the cause, tells people, keeps its hands off."""
    named = view.diagnosis.named if view.diagnosis else None
    right = named is not None and named.category is Category.DEPENDENCY and named.service == _BLOCKED
    yield Check(
        "the cause is named, with who holds the lock",
        right and BLOCKER in view.cause,
        f"{named.category} at {named.service}: {named.sentence}" if named else view.cause,
    )
    executed = [a for a in view.attempts if a.executed is not None]
    yield Check("no session was ended", not fault.ended and not executed, f"{len(fault.ended)} ended")
    delivered = [d for d in view.deliveries if d.delivered]
    yield Check("people were told", view.escalated and bool(delivered), f"{len(delivered)} messages delivered")
    causes = {view.cause, *_named_before(view)}
    with_cause = sum(any(cause in mail for cause in causes) for mail in mails)
    yield Check(
        "the mailbox has a message with the cause",
        named is not None and with_cause > 0,
        f"{with_cause} of {len(mails)} messages",
    )


def _named_before(view: IncidentView) -> list[str]:
    """The causes by the same name that earlier looks have named: they say other seconds, and people were told those."""
    named = (row.text.partition(" (confidence ")[0] for row in view.timeline if row.kind is Kind.DIAGNOSIS)
    return [cause for cause in named if BLOCKER in cause]


def text_of(mail: Mail) -> str:
    """What a reader of the message sees, on one line: a mail may be wrapped anywhere."""
    body = mail.message.get_body(("plain", "html"))
    return " ".join(str(body.get_content()).split()) if body is not None else ""


def judge_control(view: IncidentView, error_rate: float, fault: FaultReport) -> Iterator[Check]:
    """What must hold in the control run: the pause, and nothing else, kept the fault in place."""
    clauses = sorted({a.gate.clause for a in view.attempts})
    yield Check("the gate refused because of the pause", clauses == ["paused"], ", ".join(clauses) or "no plan")
    held = 0 < fault.opened == fault.held and not fault.ended
    yield Check("the injector's sessions are all still held", held, f"{fault.held} of {fault.opened}")
    yield Check("customers still fail", error_rate > BROKEN_ERROR_RATE, f"{error_rate:.1%} of requests failed")


def control_sentence(checks: Sequence[Check], why: str = "automation was paused") -> str:
    """What the control run has shown, which fixes nothing because of `why`; its exit code is 1 in any case."""
    broken = [f"{check.claim}: {check.seen}" for check in checks if not check.holds]
    if broken:
        return f"the control proves nothing: {'; '.join(broken)}"
    return f"the control holds: nothing was fixed because {why}"
