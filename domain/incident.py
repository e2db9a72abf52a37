"""An incident's life: its states, its attempts, and how it ended."""

from enum import StrEnum

from pydantic import AwareDatetime

from domain.gate import GateVerdict
from domain.model import Model
from domain.plan import Plan
from domain.verification import Verdict


class State(StrEnum):
    """Where an incident stands. The words are those that people see."""

    DETECTED = "detected"
    INVESTIGATING = "investigating"
    DIAGNOSED = "diagnosed"
    WAITING_FOR_APPROVAL = "waiting for approval"
    ACTING = "acting"
    VERIFYING = "verifying"
    UNDOING = "undoing"
    WATCHING = "watching"
    WAITING_FOR_PEOPLE = "waiting for people"
    RESOLVED = "resolved"
    FALSE_POSITIVE = "false positive"
    UNRESOLVED = "unresolved"
    MERGED = "merged"

    @property
    def closed(self) -> bool:
        return self in {State.RESOLVED, State.FALSE_POSITIVE, State.UNRESOLVED, State.MERGED}


class Outcome(StrEnum):
    """How it ended; whether people were told is a flag of its own."""

    AUTO_RESOLVED = "auto_resolved"
    RESOLVED_BY_HUMAN = "resolved_by_human"
    SELF_RESOLVED = "self_resolved"
    FALSE_POSITIVE = "false_positive"
    UNRESOLVED = "unresolved"
    MERGED = "merged"


class Executed(Model):
    """What an action did. `affected` is counted on the target; `before` and `after` are read there, not assumed.

    `complete` False: it was done, and did not come to its end in time, as a rollout whose pods do not start.
    """

    started_at: AwareDatetime
    ended_at: AwareDatetime
    affected: int
    before: dict[str, str | int | float]
    after: dict[str, str | int | float]
    detail: str
    complete: bool = True


class Undo(Model):
    """The plan that takes an attempt back, and what became of it. `error` says why it could not be executed."""

    plan: Plan
    gate: GateVerdict
    approved_by: str | None = None
    executed: Executed | None = None
    error: str | None = None

    @property
    def words(self) -> str:
        """What became of it."""
        if self.error is not None:
            return f"could not be undone: {self.error}"
        if self.executed is None:
            return f"not undone: {self.gate.reason}"
        return f"undone: {self.executed.detail.rstrip('.')}"


class Attempt(Model):
    """One plan and what became of it. `error` says why it could not be executed, `undo` what became of taking it back
    after it had not helped.
    """

    number: int
    plan: Plan
    gate: GateVerdict
    approved_by: str | None = None
    executed: Executed | None = None
    error: str | None = None
    verification: Verdict | None = None
    held: bool | None = None
    undo: Undo | None = None

    @property
    def undone_by(self) -> str | None:
        """Who approved that it was taken back, where that was done."""
        return self.undo.approved_by if self.undo is not None and self.undo.executed is not None else None


class Ending(Model):
    """The facts that decide an outcome. `merged_key` is the workflow id of the incident that took it over.

    `person`: whose word ended it, and `why`, where they had to say; of a merge too, unless it was the machine's own.

    `by_hand`: who had it, or had approved that the last attempt was undone, when it was seen to have recovered.
    """

    recovered: bool = False
    by_hand: str | None = None
    false_positive: bool = False
    merged_into: str | None = None
    merged_key: str | None = None
    person: str | None = None
    why: str = ""
    given_up: bool = False
    effective: Attempt | None = None


def outcome(ending: Ending) -> Outcome:
    """How it ended, from the facts; a machine's fix that a person approved is a person's."""
    if ending.merged_into is not None:
        return Outcome.MERGED
    if ending.false_positive:
        return Outcome.FALSE_POSITIVE
    if ending.person is not None:
        return Outcome.RESOLVED_BY_HUMAN
    if not ending.recovered:
        return Outcome.UNRESOLVED
    if ending.by_hand is not None:
        return Outcome.RESOLVED_BY_HUMAN
    if ending.effective is None:
        return Outcome.SELF_RESOLVED
    return Outcome.RESOLVED_BY_HUMAN if ending.effective.approved_by else Outcome.AUTO_RESOLVED


def final_state(result: Outcome) -> State:
    """The closed state that goes with an outcome."""
    states = {
        Outcome.FALSE_POSITIVE: State.FALSE_POSITIVE,
        Outcome.UNRESOLVED: State.UNRESOLVED,
        Outcome.MERGED: State.MERGED,
    }
    return states.get(result, State.RESOLVED)
