"""What happened, in order: one entry per change that a person would want to read."""

from enum import StrEnum

from pydantic import AwareDatetime

from domain.model import Model


class Kind(StrEnum):
    """What sort of entry it is; surfaces show the word, not only a colour."""

    ALERT = "alert"
    STATE = "state"
    FINDING = "finding"
    DIAGNOSIS = "diagnosis"
    PLAN = "plan"
    GATE = "gate"
    DECISION = "decision"
    ACTION = "action"
    VERIFICATION = "verification"
    ESCALATION = "escalation"
    NOTIFICATION = "notification"
    PERSON = "person"
    NOTE = "note"


class Entry(Model):
    """One row. `actor` is a role of the machine, a person or an outside system; `ref` names a finding or an attempt."""

    seq: int
    at: AwareDatetime
    kind: Kind
    actor: str
    text: str
    ref: str | None = None
