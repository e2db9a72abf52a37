"""In-memory stand-ins, one per port. They keep the contracts: the tests of the real ones run against them too."""

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from domain.audit import AuditRow
from domain.correlation import OpenIncident, Previous, survivor
from domain.finding import EvidenceRef
from domain.gate import Circumstances, Controls, GateVerdict, Ruling, gate
from domain.incident import State
from domain.memory import Remembered, Similar
from domain.message import Message, Receipt
from domain.plan import Plan
from domain.policy import Policy
from domain.reservation import Reservation, Stop, controls_at, reserve
from domain.services import ServiceMap
from domain.view import IncidentView
from integrations.ports import PortError, Rejected


class Breakable:
    """A fake that can be switched off: while `error` is set, every call raises it."""

    def __init__(self) -> None:
        self.error: PortError | None = None
        self.lock = threading.RLock()

    def asked(self) -> None:
        if self.error is not None:
            raise self.error


class FakeIncidents(Breakable):
    """IncidentStore in a dict. `saved` counts the writes that changed something."""

    def __init__(self) -> None:
        super().__init__()
        self.views: dict[str, IncidentView] = {}
        self.open: dict[tuple[str, str], tuple[OpenIncident, OpenIncident | None]] = {}
        self.saved = 0

    def save(self, view: IncidentView) -> None:
        with self.lock:
            self.asked()
            known = self.views.get(view.incident)
            if known is None or known.updated_at <= view.updated_at:
                self.views[view.incident] = view
                self.saved += 1

    def get(self, incident: str) -> IncidentView | None:
        self.asked()
        return self.views.get(incident)

    def list(self, limit: int = 50, *, open_only: bool = False, states: Sequence[State] = ()) -> Sequence[IncidentView]:
        self.asked()
        found = [v for v in self.views.values() if not states or v.state in states]
        wanted = [v for v in found if not (open_only and v.state.closed)]
        return sorted(wanted, key=_place)[:limit]

    def settle(self, me: OpenIncident, graph: ServiceMap, within: timedelta) -> OpenIncident | None:
        with self.lock:
            self.asked()
            known = self.open.get((me.incident, me.key))
            if known is not None:
                return known[1]
            found = survivor(me.services, me.onset, me.opened_at, self._others(me), graph, within)
            self.open[me.incident, me.key] = (me, found)
            return found

    def _others(self, me: OpenIncident) -> Sequence[OpenIncident]:
        standing = [other for other, absorbed_by in self.open.values() if absorbed_by is None and other.key != me.key]
        return [o for o in standing if o.incident not in self.views or not self.views[o.incident].state.closed]

    def previous(self, key: str) -> Previous | None:
        self.asked()
        closed = [p for v in self.views.values() if v.key == key and (p := v.as_previous) is not None]
        return max(closed, key=lambda p: p.closed_at, default=None)


def _place(view: IncidentView) -> tuple[bool, bool, float, int, float]:
    never = datetime.max.replace(tzinfo=UTC).timestamp()
    newest = -view.opened_at.timestamp()
    if view.state.closed:
        return (True, True, never, 0, newest)
    running = view.clock.stopped_at is None
    due = view.sla_due.timestamp() if running else never
    return (False, view.needs == "none", due, -view.severity.rank, newest)


class FakeAudit(Breakable):
    """AuditLog in a dict, which keeps the order of writing."""

    def __init__(self) -> None:
        super().__init__()
        self.all: dict[str, AuditRow] = {}

    def append(self, row: AuditRow) -> None:
        with self.lock:
            self.asked()
            self.all.setdefault(row.key, row)

    def rows(self, incident: str) -> Sequence[AuditRow]:
        self.asked()
        return sorted((r for r in self.all.values() if r.incident == incident), key=lambda r: r.at)


class FakeGuard(Breakable):
    """Guard whose rules are the real ones; only the table is a list."""

    def __init__(self) -> None:
        super().__init__()
        self.reservations: list[Reservation] = []
        self.paused: Stop | None = None
        self.frozen: Stop | None = None
        self.results: list[tuple[str, int, str]] = []

    def controls(self, target: str, now: datetime) -> Controls:
        with self.lock:
            self.asked()
            return controls_at(target, now, self.reservations, self.paused, self.frozen)

    def reserve(self, plan: Plan, policy: Policy, circumstances: Circumstances) -> GateVerdict:
        with self.lock:
            self.asked()
            own = next((r for r in self.reservations if r.of(plan)), None)
            if own is not None and own.live(circumstances.now):
                return own.verdict
            others = [r for r in self.reservations if not r.of(plan)]
            verdict = gate(
                plan, policy, controls_at(plan.target, circumstances.now, others, self.paused, self.frozen),
                circumstances,
            )  # fmt: skip
            if verdict.ruling is Ruling.RUN:
                self.reservations = [*others, reserve(plan, verdict, circumstances)]
            return verdict

    def release(self, incident: str, attempt: int, result: str, at: datetime) -> None:
        with self.lock:
            self.asked()
            mine = [r for r in self.reservations if (r.incident, r.attempt) == (incident, attempt) and not r.ended_at]
            for held in mine:
                place = self.reservations.index(held)
                self.reservations[place] = held.model_copy(update={"ended_at": at})
                self.results.append((incident, attempt, result))

    def pause(self, who: str, reason: str, until: datetime | None, at: datetime) -> None:
        self.asked()
        self.paused = Stop(kind="pause", who=who, reason=reason, at=at, until=until)

    def resume(self, who: str, at: datetime) -> None:
        self.asked()
        self.paused = None

    def freeze(self, who: str, reason: str, until: datetime, at: datetime) -> None:
        self.asked()
        self.frozen = Stop(kind="freeze", who=who, reason=reason, at=at, until=until)


class FakeEvidence(Breakable):
    """EvidenceStore in a dict by hash."""

    def __init__(self) -> None:
        super().__init__()
        self.contents: dict[str, bytes] = {}

    def put(self, content: bytes, summary: str) -> EvidenceRef:
        self.asked()
        digest = hashlib.sha256(content).hexdigest()
        self.contents[digest] = content
        return EvidenceRef(uri=f"evidence:{digest}", sha256=digest, size=len(content), summary=summary)

    def get(self, ref: EvidenceRef) -> bytes:
        self.asked()
        if ref.sha256 not in self.contents:
            raise Rejected(f"evidence: {ref.uri!r} is not in the store")
        return self.contents[ref.sha256]


class FakeMemory(Breakable):
    """Memory that compares words: the share that two texts have in common."""

    def __init__(self) -> None:
        super().__init__()
        self.incidents: dict[str, Remembered] = {}

    def remember(self, incident: Remembered) -> None:
        self.asked()
        self.incidents[incident.incident] = incident

    def similar(self, symptoms: str, limit: int = 5, *, exclude: str | None = None) -> Sequence[Similar]:
        self.asked()
        found = [_likeness(symptoms, r) for r in self.incidents.values() if r.incident != exclude]
        return sorted((s for s in found if s.score > 0), key=lambda s: -s.score)[:limit]


def _likeness(symptoms: str, known: Remembered) -> Similar:
    ours, theirs = set(symptoms.lower().split()), set(known.symptoms.lower().split())
    shared = ours & theirs
    score = len(shared) / len(ours | theirs) if ours | theirs else 0.0
    return Similar(remembered=known, score=score, why=f"both: {', '.join(sorted(shared)[:5])}")


class FakePostmortems(Breakable):
    """PostmortemStore in a dict. `writes` counts every save, so that a test sees repetition."""

    def __init__(self) -> None:
        super().__init__()
        self.all: dict[str, tuple[str, dict[str, object]]] = {}
        self.writes = 0

    def save(self, incident: str, markdown: str, facts: Mapping[str, object]) -> None:
        self.asked()
        self.all[incident] = (markdown, dict(facts))
        self.writes += 1

    def get(self, incident: str) -> tuple[str, dict[str, object]] | None:
        self.asked()
        return self.all.get(incident)


class FakeChannel(Breakable):
    """A channel that keeps what it delivered; the same key twice is one message, as a real inbox shows it."""

    def __init__(self, name: str = "email", on_send: Callable[[Message], None] | None = None) -> None:
        super().__init__()
        self.name = name
        self.sent: dict[str, Message] = {}
        self._on_send = on_send

    def send(self, message: Message) -> Receipt:
        self.asked()
        if self._on_send is not None:
            self._on_send(message)
        self.sent[message.key] = message
        return Receipt(channel=self.name, delivered=True, reference=f"<{message.key}@fake>")
