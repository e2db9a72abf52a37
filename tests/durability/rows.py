"""The kill matrix as data: at which stages an incident is caught, and how it is brought there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from domain.incident import Outcome
from evals.chaos.patients import OWN, REPORT, SESSIONS
from evals.chaos.script import Victim
from tests.durability.wiretap import Moment

Wire = Literal["metrics", "store", "target", "mail", "page", "slack", "door", "temporal of acts", "temporal of asks"]
Person = Literal["nobody", "approves before the blow", "approves after the blow"]
RELEASE = "release"
"""The service's new release holds the connections: it runs on the cluster."""
LONG_S = 70.0
"""Longer than it takes the others to come to their stages, and not much longer; where the machine is slow, more."""
Changes = Callable[[float], Mapping[str, Any]]
"""What is different in the policy of a row, from how long a wait has to be that is to be caught."""


@dataclass(frozen=True)
class Call:
    """Caught in a call to a server: `needles` name it, with {service} and {database} filled in."""

    wire: Wire
    needles: tuple[str, ...]
    moment: Moment
    activity: str
    nth: int = 1


@dataclass(frozen=True)
class Wait:
    """Caught in a wait: the timer whose name begins like this has started and not fired."""

    timer: str


@dataclass(frozen=True)
class Scheduled:
    """Caught when history shows that the activity was ordered; nobody outside is called by it."""

    activity: str


@dataclass(frozen=True)
class Rollout:
    """Caught when the API server has been asked to put the release back, and one of its pods is there, not ready."""

    activity: str = "execute"


@dataclass(frozen=True)
class Row:
    """One stage. `turn`: those that take longest to come to theirs begin first; what holds up others, or cannot be held
    for long, comes last, and together.

    `holder` is who holds the connections: the service's own application leaves the machine without a remedy, of its own
    new release it is the way back. `ended`: how many sessions have been ended when the blow falls. `paged`: somebody is
    called by phone; `threaded`: Slack has a thread of it.
    """

    name: str
    caught: Call | Wait | Scheduled | Rollout
    outcome: Outcome = Outcome.AUTO_RESOLVED
    turn: int = 2
    holder: str = REPORT
    asks: bool = False
    person: Person = "nobody"
    changes: Changes = lambda _: {}
    ended: int | None = None
    paged: bool = False
    threaded: bool = False

    @property
    def slug(self) -> str:
        return "-".join(self.name.replace(",", "").split())


def _minutes(delay: float, target: float, decide: float, channels: tuple[str, ...] = ("email",)) -> dict[str, Any]:
    row = {
        "tell_below": 0.0, "attempts": 2, "delay_min": delay, "channels": list(channels), "tier": 2,
        "acknowledge_min": 30, "mttr_target_min": target, "decide_min": decide,
    }  # fmt: skip
    return {"escalation": dict.fromkeys(("CRITICAL", "HIGH", "MEDIUM", "LOW"), row)}


PATIENT = _minutes(delay=60, target=240, decide=30)
"""Nothing is due within a test, but what is called for."""
PAGED = _minutes(delay=60, target=240, decide=30, channels=("pagerduty", "email"))
THREADED = _minutes(delay=60, target=240, decide=30, channels=("slack", "email"))

ROWS = (
    Row("closing",
        Call("store", ("incident-{service}", '"workflow_run"', '"auto_resolved"'), "before the answer", "save"),
        turn=1, changes=lambda _: {"watch_s": 1}),
    Row("postmortem being written",
        Call("store", ("Draft, not reviewed", "{service}"), "before the answer", "write"),
        turn=1, changes=lambda _: {"watch_s": 1}),
    Row("watching", Wait("watch that it holds"), changes=lambda long_s: {"watch_s": long_s, "recheck_s": long_s}),
    Row("waiting to verify", Wait("until the fix can be judged"),
        changes=lambda long_s: {"verification": {"settle_s": long_s, "samples": 2, "every_s": 1, "scrape_s": 1}}),
    Row("waiting for approval", Wait("approval of"), Outcome.RESOLVED_BY_HUMAN, asks=True,
        person="approves after the blow"),
    Row("approved and not yet acted",
        Call("target", ("ORDER BY state_change", "{database}"), "before the answer", "prepare", nth=2),
        Outcome.RESOLVED_BY_HUMAN, asks=True, person="approves before the blow"),
    Row("escalation pending", Wait("tell: unresolved for more"), Outcome.SELF_RESOLVED, holder=OWN,
        changes=lambda long_s: _minutes(delay=long_s / 120, target=240, decide=30)),
    Row("message accepted and not recorded", Call("mail", ("{service}", "\r\n.\r\n"), "after the answer", "send"),
        Outcome.SELF_RESOLVED, holder=OWN),
    Row("page accepted and not recorded", Call("page", ("POST /incidents ", "{service}"), "within the answer", "send"),
        Outcome.SELF_RESOLVED, turn=3, holder=OWN, paged=True, changes=lambda _: PAGED),
    Row("thread begun and not recorded",
        Call("slack", ("POST /api/chat.postMessage ", "{service}"), "within the answer", "send"),
        Outcome.SELF_RESOLVED, turn=3, holder=OWN, threaded=True, changes=lambda _: THREADED),
    Row("rollout half way", Rollout(), Outcome.RESOLVED_BY_HUMAN, holder=RELEASE, person="approves before the blow"),
    Row("act half way",
        Call("target", ("pg_terminate_backend(pid) AS signalled", "{database}"), "after the answer", "execute", nth=3),
        ended=3),
    Row("between act and record",
        Call("store", (":execute", "database/{database}"), "before the answer",
             "execute"), ended=SESSIONS),
    # A source has 20 s for its answer: held for longer, its first try would be over before the blow.
    Row("investigating", Call("metrics", ("query_range", "{service}"), "before the answer", "look_at_metrics"),
        turn=4),
    Row("gathering", Wait("gather alerts"), turn=4, changes=lambda _: {"gather_s": 20}),
    Row("reserving the target",
        Call("store", ("INSERT INTO nightshift.reservations", "database/{database}"), "after the answer", "reserve"),
        turn=3),
    Row("ranking", Scheduled("rank"), turn=3),
)  # fmt: skip
"""One line for each stage; whatever else a channel or an action can be caught in is one more line."""

VICTIMS = {"worker": Victim.WORKER, "server": Victim.SERVER}
"""The processes that hold an incident between them; the starter holds nothing, and has a test of its own."""
