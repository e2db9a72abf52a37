"""What a person reads in Temporal's web UI: the six questions, and how to decide."""

import json

from domain.invisible import one_line
from domain.view import IncidentView

_LONGEST = 18_000


def summary_of(severity: str, title: str) -> str:
    """The one line of a run in Temporal's lists."""
    return f"{severity} {' '.join(title.split())}"[:190]


STATIC_DETAILS = (
    "An incident. *Current details*, beside or below, follow it (press R to refresh; they need a running worker, "
    "else look at the incident's page). Do not terminate or reset it: use `nightshift resolve`."
)


def current_details(view: IncidentView) -> str:
    """Markdown without HTML; texts from outside are shown as code, so that they cannot pretend to be ours."""
    parts = [
        f"### {view.incident}: {view.severity}, {view.state}" + (f", {view.outcome}" if view.outcome else ""),
        f"**What** {_code(view.title)}, open since {view.opened_at:%Y-%m-%d %H:%M:%S} UTC",
        f"**Why** {_cause(view)}",
        f"**Model** {_code(view.advice_words)}",
        f"**Next** {_code(view.next.text)}",
        f"**Decides** {_decides(view)}",
        _plan(view),
        f"**Last decision received:** {_code(view.last_decision) if view.last_decision else 'none'}",
        f"**Undelivered:** {_undelivered(view)}",
        f"**Proof** {_proof(view)}",
        f"[Incident page]({view.page_url})" if view.page_url else "",
    ]
    return "\n\n".join(part for part in parts if part)[:_LONGEST]


def _code(text: str) -> str:
    return "`" + one_line(text.replace("`", "'"))[:300] + "`"


def _proof(view: IncidentView) -> str:
    return ", ".join(f"{f.id} {_code(f.title)}" for f in view.findings if f.strength > 0)[:4_000] or "none so far"


def _cause(view: IncidentView) -> str:
    diagnosis = view.diagnosis
    if diagnosis is None:
        return "not looked at yet"
    unseen = f" **Not looked at: {', '.join(diagnosis.not_seen)}.**" if diagnosis.not_seen else ""
    return f"{_code(diagnosis.cause)} ({diagnosis.confidence:.2f}, {diagnosis.word}, {_calibration(view)}).{unseen}"


def _calibration(view: IncidentView) -> str:
    return "calibrated" if view.diagnosis and view.diagnosis.calibrated else "uncalibrated"


def _decides(view: IncidentView) -> str:
    if view.waiting is not None:
        return f"{', '.join(view.waiting.approvers) or 'nobody is listed'}, until {view.waiting.deadline:%H:%M:%S} UTC"
    if view.clock.acknowledged_by:
        return f"{_code(view.clock.acknowledged_by)} has it"
    return "nobody has acknowledged" if view.escalated else "nobody has to"


def _plan(view: IncidentView) -> str:
    waiting = view.waiting
    if waiting is None:
        return ""
    # A line for each field: one long line is cut where it is shown, and nobody would see what to fill in.
    payload = json.dumps({"digest": waiting.digest, "who": "", "comment": ""}, indent=1)
    return (
        f"**Decide** {_code(waiting.sentence)} ({waiting.risk}: {_code(waiting.reason)})\n\n"
        "More Actions, Send an Update, `decide`, or Send a Signal, `approve` or `reject`, with this data "
        f"(fill in who):\n\n```json\n{payload}\n```"
    )


def _undelivered(view: IncidentView) -> str:
    failed = [f"{d.channel} ({d.detail})" for d in view.deliveries if not d.delivered]
    return ", ".join(_code(text) for text in dict.fromkeys(failed)) or "none"
