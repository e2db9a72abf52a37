"""A change of a plan that a person asks for: a few bounded values, never free text. It yields another plan."""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite

from pydantic import Field

from domain.model import Model
from domain.plan import Action, Plan
from domain.policy import Policy
from domain.sentences import ending_sessions, rolling_back

FIELDS = ("idle_age_s", "cap", "revision", "wait_min")
"""What may be asked for, by the names of `Change`."""
MOST_CHANGES = 5
"""After so many other plans for one incident, a person decides on one of them, or takes over."""
_LONGEST_WAIT_MIN = 60
_OLDEST_S = 86_400
_LONGEST_NUMBER = 12


class Change(Model):
    """What a person wants otherwise. Seconds of idleness, a number of sessions, a revision, minutes to wait."""

    idle_age_s: float | None = Field(default=None, allow_inf_nan=False)
    cap: int | None = None
    revision: int | None = None
    wait_min: int | None = None

    @property
    def values(self) -> dict[str, int | float]:
        """What is asked for, by name."""
        return self.model_dump(exclude_none=True)

    @property
    def words(self) -> str:
        """As people read it."""
        said = {
            "idle_age_s": "idle for {} s",
            "cap": "at most {}",
            "revision": "revision {}",
            "wait_min": "{} min later",
        }
        return ", ".join(said[name].format(f"{value:g}") for name, value in self.values.items())


class Knob(Model):
    """One value of a plan that may be asked for otherwise, from `low` to `high`; with `choices`, one of these only.

    `now`: what the plan has, None where it has none.
    """

    field: str
    label: str
    unit: str
    low: float
    high: float
    now: float | None = None
    choices: tuple[int, ...] = ()

    @property
    def range_words(self) -> str:
        """What may be asked for."""
        if self.choices:
            return "one of " + ", ".join(map(str, self.choices))
        return f"from {self.low:g} to {self.high:g}"

    def allows(self, value: float) -> bool:
        """Is the value within the bounds? What is not a number is not."""
        if self.choices:
            return value in self.choices
        return isfinite(value) and self.low <= value <= self.high


def knobs(plan: Plan, policy: Policy, room_min: float) -> tuple[Knob, ...]:
    """What may be asked for otherwise: narrower than the policy allows, never wider.

    `room_min`: minutes until nobody may wait any longer; without a minute of room there is no wait.
    """
    return (*_KNOBS.get(plan.action, _none)(plan, policy), *_wait(room_min))


def read_change(fields: Mapping[str, str]) -> Change | str | None:
    """The change in the text fields of a payload, None when there is none, or the sentence that says what is wrong."""
    found: dict[str, float | int] = {}
    for name in FIELDS:
        text = fields.get(name, "")
        if not text:
            continue
        value = _read_number(text, whole=name != "idle_age_s")
        if value is None:
            return f"{name} is {text[:40]!r}, not a number"
        found[name] = value
    return Change.model_validate(found) if found else None


def _read_number(text: str, *, whole: bool) -> float | int | None:
    """Python reads numbers of any length, and some of them can be neither compared nor printed: these are none."""
    try:
        value = (int if whole else float)(text[: _LONGEST_NUMBER + 1])
    except ValueError:
        return None
    return value if len(text) <= _LONGEST_NUMBER and isfinite(value) else None


def objection(change: Change | None, allowed: Sequence[Knob]) -> str | None:
    """What speaks against the change, None: it may be made."""
    if not allowed:
        return "nothing of this plan can be changed"
    if change is None or not change.values:
        return f"a change names what is wanted: {', '.join(k.field for k in allowed)}"
    by_name = {knob.field: knob for knob in allowed}
    for name, value in change.values.items():
        if name not in by_name:
            return f"{name} cannot be changed here; {', '.join(by_name) or 'nothing'} can"
        if not by_name[name].allows(value):
            return f"{name} is {value:g}, allowed is {by_name[name].range_words}"
    if change.wait_min is not None and len(change.values) > 1:
        return "wait_min stands alone: after the wait the machine looks again and makes a plan of what it sees"
    if all(by_name[name].now == value for name, value in change.values.items()):
        return "that is the plan as it is"
    return None


def changed(plan: Plan, change: Change, attempt: int) -> Plan:
    """Another plan with what was asked for, and a digest of its own. The change was found to be allowed before."""
    wanted = {name: value for name, value in change.values.items() if name in plan.parameters}
    parameters = {**plan.parameters, **wanted}
    fresh = plan.model_copy(update={"attempt": attempt, "parameters": parameters})
    return fresh.model_copy(update={"sentence": _SENTENCES[plan.action](fresh)}) if wanted else fresh


def _none(_plan: Plan, _policy: Policy) -> Sequence[Knob]:
    return ()


def _of_sessions(plan: Plan, policy: Policy) -> Sequence[Knob]:
    """Sessions that have been idle for longer, and fewer of them."""
    bounds = policy.kill_connections
    return (
        Knob(
            field="idle_age_s", label="Only sessions that have been idle for", unit="s", low=bounds.idle_age_s,
            high=max(bounds.idle_age_s, _OLDEST_S), now=_number(plan, "idle_age_s"),
        ),
        Knob(
            field="cap", label="At most", unit="sessions", low=1, high=bounds.cap, now=_number(plan, "cap"),
        ),
    )  # fmt: skip


def _of_revisions(plan: Plan, _policy: Policy) -> Sequence[Knob]:
    """One of the revisions that the plan knows of: `revisions` names them, `revision` is the one to go back to."""
    known = tuple(int(r) for r in str(plan.parameters.get("revisions", "")).split(",") if r.strip().isdigit())
    if len(known) < 2:  # noqa: PLR2004 - with one alone there is no choice
        return ()
    return (
        Knob(
            field="revision", label="Back to revision", unit="", low=min(known), high=max(known),
            now=_number(plan, "revision"), choices=known,
        ),
    )  # fmt: skip


def _wait(room_min: float) -> Sequence[Knob]:
    longest = min(_LONGEST_WAIT_MIN, int(room_min))
    if longest < 1:
        return ()
    return (Knob(field="wait_min", label="Wait, then look again", unit="min", low=1, high=longest),)


def _number(plan: Plan, name: str) -> float | None:
    value = plan.parameters.get(name)
    return value if isinstance(value, int | float) else None


_KNOBS: Mapping[Action, Callable[[Plan, Policy], Sequence[Knob]]] = {
    Action.KILL_CONNECTIONS: _of_sessions,
    Action.ROLLBACK_DEPLOYMENT: _of_revisions,
}
_SENTENCES: Mapping[Action, Callable[[Plan], str]] = {
    Action.KILL_CONNECTIONS: lambda plan: ending_sessions(plan.target, plan.parameters),
    Action.ROLLBACK_DEPLOYMENT: lambda plan: rolling_back(plan.target, plan.parameters),
}
