"""The ports: what the rest of Nightshift asks of outside systems, in as few verbs as possible.

All calls block; activities run them on threads. A port raises only `PortError`s: `Unavailable` is worth a retry
(the other side is down, slow or overloaded), `Rejected` is not (the request or the credentials are wrong).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from pydantic import AwareDatetime

from domain.advice.ledger import Account
from domain.advice.money import Spent
from domain.advice.talk import Exchange, Reply, Usage
from domain.advice.terms import Terms
from domain.anomaly import Anomaly
from domain.audit import AuditRow
from domain.correlation import OpenIncident, Previous
from domain.detection import SeriesRow
from domain.feedback import Feedback
from domain.finding import EvidenceRef, Window
from domain.forecast import Forecast, Trouble
from domain.forest import Forest
from domain.gate import Circumstances, Controls, GateVerdict
from domain.incident import Attempt, Executed, State
from domain.listing import PAGE, Counts, Filter, Page, Place, SavedFilter
from domain.memory import Remembered, Similar
from domain.message import Message, Receipt
from domain.model import Model
from domain.plan import Action, Plan
from domain.policy import Policy
from domain.services import Database, Deployment, ServiceMap
from domain.standing import Standing
from domain.thresholds import ThresholdWord
from domain.view import IncidentView


class PortError(Exception):
    """An outside system could not do what was asked. The text is for people and holds no secret."""


class Unavailable(PortError):
    """Down, slow or overloaded: worth a retry, after `retry_after_s` seconds where the other side named a time."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Rejected(PortError):
    """The other side understood and refused: a retry would be refused again."""


class Series(Model):
    """One series of a range query: `points` are (unix seconds, value), by time, without NaN and Inf."""

    labels: dict[str, str]
    points: tuple[tuple[float, float], ...]


class Instant(Model):
    """One value of an instant query; NaN and Inf are None: the series exists, its value says nothing."""

    labels: dict[str, str]
    value: float | None


class MetricSource(Protocol):
    """PromQL, as Prometheus answers it."""

    def query(self, query: str) -> Sequence[Instant]:
        """Values now. An empty result is an empty list. Raises Rejected for more series than the source's cap."""
        ...

    def query_range(self, query: str, window: Window, step_s: float) -> Sequence[Series]:
        """Series over a window, a point each `step_s` seconds; series without any finite point are left out."""
        ...

    def firing(self, labels: Mapping[str, str]) -> bool | None:
        """Does an alert with all these labels fire now? None: the rules' source is not healthy, nobody can tell."""
        ...

    def link(self, query: str, window: Window) -> str:
        """Where a person sees the query."""
        ...


class SeriesStore(Protocol):
    """What detection knows of each series that it watches, over restarts and between workers."""

    def marks(self) -> Mapping[str, datetime]:
        """For each series that is kept: up to when it was judged, as far as that was written down."""
        ...

    def load(self, keys: Sequence[str]) -> Sequence[SeriesRow]:
        """The series of these keys that are kept."""
        ...

    def listed(self) -> Sequence[SeriesRow]:
        """All series without what is known of them (`detector` is empty), by service and expression."""
        ...

    def save(self, rows: Sequence[SeriesRow]) -> None:
        """Keep these; an older state never replaces a newer one."""
        ...

    def forget(self, before: datetime) -> None:
        """Drop the series whose last sample is older."""
        ...


class ForecastStore(Protocol):
    """What was forecast of each series: written by training, read by every cycle of detection."""

    def trained(self) -> Mapping[str, datetime]:
        """For each series that has a forecast: when it was trained."""
        ...

    def load(self, keys: Sequence[str]) -> Sequence[Forecast]:
        """The forecasts of these keys that are kept."""
        ...

    def heads(self) -> Sequence[Forecast]:
        """All of them without their tables (`band` is empty), by service and expression."""
        ...

    def save(self, forecast: Forecast) -> None:
        """Keep this one; an older one never replaces a newer one."""
        ...

    def forget(self, before: datetime) -> None:
        """Drop those that were trained, or tried, before and not since."""
        ...

    def troubles(self, since: datetime) -> Sequence[Trouble]:
        """When services were in trouble, by the incidents that were open after `since`."""
        ...


class ForestStore(Protocol):
    """The rows from which the forest of each service is grown: written by training, read by investigations."""

    def load(self, service: str) -> Forest | None:
        """What is kept for this service; None: it was never trained."""
        ...

    def save(self, forest: Forest) -> None:
        """Keep this one; an older one never replaces a newer one."""
        ...


class AnomalyIntake(Protocol):
    """Where anomalies become incidents."""

    async def accept(self, anomalies: Sequence[Anomaly]) -> tuple[str, ...]:
        """The keys of the incidents that know them now. Saying the same again is harmless. Raises Unavailable."""
        ...


class LogLine(Model):
    """One log record; `message` is untrusted text."""

    at: AwareDatetime
    service: str
    level: str
    message: str
    logger: str = ""
    error_type: str | None = None
    trace_id: str | None = None


class LogPage(Model):
    """Lines of a search, newest first, cut at a limit; `total` counts all that matched."""

    total: int
    lines: tuple[LogLine, ...]


class LogSource(Protocol):
    """Structured logs."""

    def search(self, services: Sequence[str], window: Window, levels: Sequence[str], limit: int) -> LogPage:
        """Lines of these services at these levels."""
        ...

    def query_text(self, services: Sequence[str], window: Window, levels: Sequence[str]) -> str:
        """The query that `search` sends, for a person to repeat."""
        ...

    def link(self, services: Sequence[str], window: Window) -> str:
        """Where a person sees these lines."""
        ...


class Span(Model):
    """One span. `kind` is server, client, internal, producer or consumer; `duration_s` in seconds."""

    span_id: str
    parent_id: str | None
    service: str
    operation: str
    kind: str
    start: AwareDatetime
    duration_s: float
    error: bool
    attributes: dict[str, str] = {}


class Trace(Model):
    """One trace with all its spans, in no particular order."""

    trace_id: str
    spans: tuple[Span, ...]


class TraceSource(Protocol):
    """Distributed traces."""

    def traces(self, service: str, window: Window, limit: int, *, errors_only: bool = False) -> Sequence[Trace]:
        """Traces that pass through a service, newest first."""
        ...

    def link(self, trace_id: str) -> str:
        """Where a person sees the trace."""
        ...


class SessionGroup(Model):
    """Sessions of one role, application and state in a database; `oldest_s`: how long the oldest is in that state."""

    role: str
    application: str
    state: str
    count: int
    oldest_s: float


class BlockedSession(Model):
    """A session that waits for a lock, and the session that holds it. Times in seconds."""

    pid: int
    application: str
    wait_s: float
    relation: str
    blocker_pid: int
    blocker_role: str
    blocker_application: str
    blocker_state: str
    blocker_age_s: float


class DatabaseState(Model):
    """A PostgreSQL database at one moment. `limit`: connections that may be open (database or server)."""

    at: AwareDatetime
    database: str
    limit: int
    used: int
    groups: tuple[SessionGroup, ...]
    blocked: tuple[BlockedSession, ...]


class DatabaseSource(Protocol):
    """A PostgreSQL server under care, by a role that may only look."""

    def state(self, database: Database) -> DatabaseState:
        """Sessions and locks now. Works when the database itself is full."""
        ...

    def query_text(self) -> str:
        """The statement that is sent, for a person to repeat."""
        ...


class ChangeKind(StrEnum):
    """What happened to a deployment. FAILING: its pods cannot start; RESTART: somebody restarted it on purpose."""

    ROLLOUT = "rollout"
    RESTART = "restart"
    SCALING = "scaling"
    CONFIG = "config"
    OOM_KILL = "oom_kill"
    CRASH = "crash"
    FAILING = "failing"
    WARNING = "warning"


class Release(Model):
    """A revision of a deployment, by its number and the hash of its template; `image` of the first container.

    `fingerprint`: of the very replica set and the template in it; a plan that puts it back names it.
    """

    revision: int
    template_hash: str
    image: str
    fingerprint: str


class Change(Model):
    """Something that was changed or happened, at `at` for the first time. `said` is untrusted text.

    `fields`: names of what differs, never values. `release` and `before`, of a rollout: what came and what ran until
    then, None where that is not kept. `returned`: an earlier release came back. `count`: how often, or on how many.
    """

    kind: ChangeKind
    at: AwareDatetime
    said: str
    count: int = 1
    fields: tuple[str, ...] = ()
    release: Release | None = None
    before: Release | None = None
    returned: bool = False


class Changes(Model):
    """What happened to a deployment within a window, newest first, and what runs now. Counts are of pods.

    `runs` None: its controller has not said yet. `kept`: releases that can be put back, newest first.
    `left_out`: changes beyond the bound of an answer.
    """

    at: AwareDatetime
    target: str
    uid: str
    runs: Release | None
    kept: tuple[Release, ...] = ()
    replicas: int
    ready: int
    changes: tuple[Change, ...]
    left_out: int = 0


class ChangeSource(Protocol):
    """What was changed in deployments, and what happened to them."""

    def changes(self, deployment: Deployment, window: Window) -> Changes:
        """Changes that began within the window, or at its end are still going on. Raises Rejected where there is
        no such deployment.
        """
        ...

    def query_text(self, deployment: Deployment) -> str:
        """Commands for a person to see the same."""
        ...


class Intent(Model):
    """What an action will touch, recorded before it acts; a retry touches these and no others.

    `items` are names of the target's own, such as "pid@backend_start".
    """

    digest: str
    items: tuple[str, ...]
    before: dict[str, str | int | float]


class Remediator(Protocol):
    """One action on the systems under care: precheck, intend, execute, read back."""

    action: Action

    def precheck(self, plan: Plan) -> str | None:
        """The sentence that speaks against acting now, or None."""
        ...

    def intend(self, plan: Plan) -> Intent:
        """Read the target and name what would be touched, within the plan's bounds. Changes nothing."""
        ...

    def execute(self, plan: Plan, intent: Intent) -> Executed:
        """Act on what was intended and nothing else, then read back. Doing it twice does nothing more."""
        ...


class TargetSource(Protocol):
    """Looks at the target of a plan, for who decides on it. Reads only, and less than a precheck does."""

    actions: frozenset[Action]

    def look(self, plan: Plan) -> Standing:
        """The target as it stands. Raises Rejected for a plan that does not fit this process's own services."""
        ...


class Channel(Protocol):
    """A way to reach people."""

    name: str

    def send(self, message: Message) -> Receipt:
        """Deliver. The same `message.key` again is recognisable as the same message by the other side."""
        ...


class Whisperer(Protocol):
    """Says something to one person in a thread, where nobody else sees it."""

    def whisper(self, channel: str, thread: str, user: str, text: str) -> None: ...


class IncidentRow(Model):
    """One incident in a list."""

    view: IncidentView
    needs: str


class IncidentStore(Protocol):
    """The projection of incidents in Postgres: for lists, pages, reports and learning."""

    def save(self, view: IncidentView) -> None:
        """Write or replace; an older view (by `updated_at`) never replaces a newer one."""
        ...

    def get(self, incident: str) -> IncidentView | None: ...

    def list(self, limit: int = 50, *, open_only: bool = False, states: Sequence[State] = ()) -> Sequence[IncidentView]:
        """Needs a person first, then SLA time left, then severity, then newest; closed ones after that."""
        ...

    def page(self, by: Filter, now: datetime, after: Place | None = None, limit: int = PAGE) -> Page:
        """In the same order, those that the filter lets through and that come after a place."""
        ...

    def counts(self, now: datetime) -> Counts:
        """How many are open, by what matters."""
        ...

    def settle(self, me: OpenIncident, graph: ServiceMap, within: timedelta) -> OpenIncident | None:
        """Under one lock for all: the incident that absorbs `me`, or None, and then others may find `me`."""
        ...

    def in_thread(self, channel: str, reference: str) -> IncidentView | None:
        """The open incident whose thread on a channel this is, by that channel's own name for it."""
        ...

    def stamps(self, incidents: Sequence[str]) -> Mapping[str, datetime]:
        """When each of them changed last, by its `updated_at`; one that is not there is left out."""
        ...

    def fingerprint(self) -> str:
        """Another one as soon as any incident is added or changes."""
        ...

    def attempts(self, action: Action, target: str, limit: int) -> Sequence[Attempt]:
        """The newest attempts of this action on this target, of all incidents."""
        ...

    def previous(self, key: str) -> Previous | None:
        """The last closed incident of that key."""
        ...


class AuditLog(Protocol):
    """Append-only."""

    def append(self, row: AuditRow) -> None:
        """Add a row; the same key again adds nothing."""
        ...

    def rows(self, incident: str) -> Sequence[AuditRow]: ...


class Guard(Protocol):
    """Automation's own controls and limits, shared by all incidents."""

    def controls(self, target: str, now: datetime) -> Controls:
        """What holds for a target at this moment."""
        ...

    def reserve(
        self, plan: Plan, policy: Policy, circumstances: Circumstances, current: Policy | None = None
    ) -> GateVerdict:
        """Ask the gate again under a lock and, when it says *run*, record the attempt as begun, in one transaction.

        `policy` is the incident's own, `current` the one that holds now: the stricter answer counts.

        While its reservation lasts, the same incident, attempt and digest again gives the same answer and records
        nothing more. A reservation that was left behind lapses (domain.reservation); then the gate is asked again.
        """
        ...

    def hold(self, plan: Plan, now: datetime) -> bool:
        """Under the lock: does this very attempt still hold its target? Then it goes on to, as long anew from now, and
        counts as begun.
        """
        ...

    def release(self, incident: str, attempt: int, result: str, at: datetime) -> bool:
        """The attempt has ended; another incident may act on the target. Had a worker begun it?"""
        ...

    def pause(self, who: str, reason: str, until: datetime | None, at: datetime) -> None:
        """No action before `until`, None: before somebody resumes. Of several people's pauses the longest holds."""
        ...

    def resume(self, who: str, at: datetime) -> None:
        """Lift all pauses."""
        ...

    def freeze(self, who: str, reason: str, until: datetime, at: datetime) -> None:
        """No automatic action before `until`; people may still approve. The longest holds, as of pauses."""
        ...

    def unfreeze(self, who: str, at: datetime) -> None:
        """Lift all freezes."""
        ...


class EvidenceStore(Protocol):
    """Bulk evidence, by its content's hash."""

    def put(self, content: bytes, summary: str) -> EvidenceRef: ...

    def get(self, ref: EvidenceRef) -> bytes: ...


class Memory(Protocol):
    """Closed incidents, searchable by likeness."""

    def remember(self, incident: Remembered) -> None:
        """Learn it; the same incident again replaces what was known of it."""
        ...

    def similar(self, symptoms: str, limit: int = 5, *, exclude: str | None = None) -> Sequence[Similar]: ...


class PostmortemStore(Protocol):
    """Postmortems: Markdown, and the facts that it was written from."""

    def save(self, incident: str, markdown: str, facts: Mapping[str, object]) -> None: ...

    def get(self, incident: str) -> tuple[str, dict[str, object]] | None: ...


class FeedbackStore(Protocol):
    """What people say of diagnoses."""

    def add(self, said: Feedback) -> None: ...

    def of(self, incident: str) -> Sequence[Feedback]:
        """By time; the last one holds."""
        ...


class ThresholdStore(Protocol):
    """What people's words did to thresholds of our detection: a history, to which is only added."""

    def add(self, words: Sequence[ThresholdWord]) -> None:
        """All or none. The same word again (series, incident, kind, time) adds nothing."""
        ...

    def words(self) -> Sequence[ThresholdWord]:
        """All of them, by time."""
        ...


class FilterStore(Protocol):
    """Filters of the list that people keep."""

    def keep(self, saved: SavedFilter) -> None:
        """Under its name, in the place of what had that name."""
        ...

    def drop(self, name: str) -> None: ...

    def all(self) -> Sequence[SavedFilter]:
        """By name."""
        ...


class Embedder(Protocol):
    """Text to vectors of a fixed length. `name` goes with each stored vector: vectors of two names never compare."""

    name: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]: ...


class Unanswered(Unavailable):
    """It was sent, and no answer came: it may have been paid for."""


class Offer(Model):
    """A tool that the model may use. `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: dict[str, object]


class Inquiry(Model):
    """What a language model is asked, whole: nothing is kept on the other side. It leaves the house.

    `instructions` are ours; `evidence` is JSON with untrusted text in it, masked. `exchanges`: what it asked to see
    since, and what it was shown. `offers`: none, and it has to answer now. `seconds`: how long it may take.
    """

    model: str
    temperature: float
    instructions: str
    evidence: str
    exchanges: tuple[Exchange, ...] = ()
    offers: tuple[Offer, ...] = ()
    most_output_tokens: int
    seconds: float


class LanguageModel(Protocol):
    """A model behind OpenAI's chat completions, whoever serves it."""

    def most(self, inquiry: Inquiry) -> Usage:
        """The most that this call may come to, by all that is sent for it. Asks nobody."""
        ...

    def ask(self, inquiry: Inquiry) -> Reply:
        """One call, never repeated by itself. An answer that is cut off, refused or nonsense is a Reply that says so,
        since it was paid for.

        Raises Unavailable where a retry may help and nothing was paid (408, 409, 425, 429 with its Retry-After, 5xx,
        no connection), Unanswered when none came in time, Rejected where it would not (400, 401, 403, 404, 422).
        """
        ...

    def models(self, seconds: float) -> Sequence[str]:
        """Names of the models that the other side offers: a question that costs nothing."""
        ...


class ModelLedger(Protocol):
    """What calls of language models cost: one place where all incidents ask before they pay."""

    def begin(self, key: str, incident: str, at: datetime, most_usd: float, terms: Terms) -> Account:
        """Under a lock: may this call be made, which may cost `most_usd`? Until it ends it counts as that much.

        By the rules of `domain.advice.ledger`.
        """
        ...

    def end(self, key: str, usd: float, kept: str | None) -> None:
        """It cost so much. `kept` None: it failed, and may be tried again; what it cost stays counted."""
        ...

    def spent(self, incident: str | None, now: datetime) -> Spent:
        """By this incident, and by all within the hour before `now`."""
        ...
