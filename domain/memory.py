"""What is remembered of a closed incident, and what a similar one tells us."""

from pydantic import AwareDatetime

from domain.finding import Category
from domain.incident import Outcome
from domain.levels import Severity
from domain.model import Model
from domain.plan import Action


class Remembered(Model):
    """One closed incident as it is learned. `symptoms` is the text that similarity is measured on."""

    incident: str
    service: str
    category: Category
    cause: str
    symptoms: str
    severity: Severity
    outcome: Outcome
    opened_at: AwareDatetime
    closed_at: AwareDatetime
    actions: tuple[tuple[Action, bool], ...] = ()
    """Each action that was executed, and whether it held."""


class Similar(Model):
    """A past incident that looks alike. `score` is cosine similarity (-1 to 1), `why` names what they share."""

    remembered: Remembered
    score: float
    why: str
