"""The judge: measured from outside of the product, by the shop's customers and by the injector itself."""

from collections.abc import Iterator
from dataclasses import dataclass

from domain.incident import Outcome
from domain.view import IncidentView
from rig.faults.fault import FaultReport

NORMAL_ERROR_RATE = 0.01
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


def judge_escalated(view: IncidentView, fault: FaultReport) -> Iterator[Check]:
    """What must hold when the machine has nothing that fits: it tells people, and leaves its hands off."""
    executed = [a for a in view.attempts if a.executed is not None]
    yield Check("no session was ended", not fault.ended and not executed, f"{len(fault.ended)} ended")
    delivered = [d for d in view.deliveries if d.delivered]
    yield Check("people were told", view.escalated and bool(delivered), f"{len(delivered)} messages delivered")
