"""The control: after a run the world is made worse by hand, in each way that the judge must see."""

import smtplib
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP

from evals.chaos.evidence import Alert, Evidence
from evals.chaos.performance import Performance
from evals.chaos.stage import STORE, Stage

_LEFT = """
INSERT INTO nightshift.reservations (incident, attempt, digest, target, approved, verdict, began_at, expires_at)
SELECT incident, attempt + 100, digest, target, approved, verdict, now(), now() + interval '1 hour'
FROM nightshift.reservations LIMIT 1
"""
_END = "SELECT pg_terminate_backend(%s)"


def spoil(stage: Stage, performance: Performance) -> None:
    """An alert that nobody ever sent, a mail that is sent once more under another name, a session that a second hand
    ends, and a target that stays reserved.
    """
    performance.sender.accepted["never-sent"] = Alert("never-sent", "nowhere")
    _send_again(stage)
    with stage.postgres.connect(STORE) as store:
        store.execute(_LEFT)
    bystander = next((p.bystanders for p in stage.patients if p.bystanders.held), None)
    if bystander is not None:
        with stage.postgres.connect() as admin:
            for pid in bystander.pids:
                admin.execute(_END, [pid])


def without_a_letter(evidence: Evidence) -> Evidence:
    """The first escalation of some incident, dropped on its way, as if the mail server had lost it."""
    called = next(i.view.incident for i in evidence.incidents if i.view.escalated)
    kept = tuple(letter for letter in evidence.letters if not letter.message_id.startswith(f"<{called}.1@"))
    return replace(evidence, letters=kept)


def _send_again(stage: Stage) -> None:
    first = stage.inbox.mails[0].message
    again = EmailMessage(policy=SMTP)
    for name in ("From", "To", "Subject"):
        again[name] = str(first[name])
    incident, _, rest = str(first["Message-ID"]).partition(".")
    again["Message-ID"] = f"{incident}.99{rest[rest.index('@') :]}"
    body = first.get_body(("plain",))
    again.set_content(str(body.get_content()) if body is not None else "")
    with smtplib.SMTP(stage.inbox.host, stage.inbox.port) as server:
        server.send_message(again)
