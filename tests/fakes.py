"""In-memory stand-ins, one per port. They keep the contracts: the tests of the real ones run against them too."""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Barrier

from domain.advice.advice import Advised
from domain.advice.ledger import Account, Admission, Entry, admission
from domain.advice.money import HOUR, Spent, most_usage
from domain.advice.talk import Reply as ModelReply
from domain.advice.talk import Usage
from domain.advice.terms import Terms
from domain.anomaly import Anomaly
from domain.audit import AuditRow
from domain.correlation import OpenIncident, Previous, survivor
from domain.detection import SeriesRow
from domain.feedback import Feedback
from domain.finding import EvidenceRef, Window
from domain.forecast import Forecast, Trouble
from domain.forest import Forest
from domain.gate import Circumstances, Controls, GateVerdict, Ruling, gate, strictest
from domain.holding import Became as MutedBecame
from domain.holding import Held, MutedRow, Tally, still_muted
from domain.identity import group_key
from domain.incident import Attempt, State
from domain.listing import PAGE, Counts, Filter, Page, Place, SavedFilter, counted, wanted
from domain.maintenance import Kind as MutingKind
from domain.maintenance import Window as MutedWindow
from domain.maintenance import WindowWord, muted
from domain.memory import Remembered, Similar
from domain.message import Message, Receipt
from domain.plan import Action, Plan
from domain.policy import Policy
from domain.regrouping import taker
from domain.reservation import Reservation, Stop, controls_at, in_force, lapses_at, reserve
from domain.services import Database, Deployment, ServiceMap
from domain.shards import Shard
from domain.thresholds import ThresholdWord
from domain.view import IncidentView
from integrations.ports import (
    Changes,
    Claim,
    DatabaseState,
    Inquiry,
    Instant,
    LogLine,
    LogPage,
    Rejected,
    Series,
    Trace,
    Unavailable,
)
from starter.away import TemporalAway
from starter.identity.sending import Became, Reply, Update
from workflows.contract import Synchronise


class Breakable:
    """A fake that can be switched off: while `error` is set, every call raises it."""

    def __init__(self) -> None:
        self.error: Exception | None = None
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
        fitting = [v for v in found if not (open_only and v.state.closed)]
        return sorted(fitting, key=_place)[:limit]

    def advised(self, since: datetime) -> Advised | None:
        self.asked()
        found = [Advised.of(v.incident, v.advice) for v in self.views.values() if v.advice is not None]
        recent = [advised for advised in found if advised is not None and advised.at > since]
        return max(recent, key=lambda advised: advised.at, default=None)

    def page(self, by: Filter, now: datetime, after: Place | None = None, limit: int = PAGE) -> Page:
        self.asked()
        places = [(Place.of(v), v.brief) for v in self.views.values() if wanted(v, by, now)]
        found = sorted((p for p in places if after is None or p[0].order > after.order), key=lambda p: p[0].order)
        last = found[limit - 1][0] if len(found) > limit else None
        return Page(views=tuple(view for _, view in found[:limit]), after=last)

    def counts(self, now: datetime) -> Counts:
        self.asked()
        return counted(self.views.values(), now)

    def settle(self, me: OpenIncident, graph: ServiceMap, within: timedelta) -> OpenIncident | None:
        with self.lock:
            self.asked()
            known = self.open.get((me.incident, me.key))
            if known is not None:
                return known[1]
            found = survivor(me, self._others(me), graph, within)
            self.open[me.incident, me.key] = (me, found)
            return found

    def absorb(self, me: OpenIncident, into: str) -> OpenIncident | str:
        with self.lock:
            self.asked()
            absorbed = next((by for (name, _), (_, by) in self.open.items() if name == into and by is not None), None)
            found = taker(me.incident, into, self.views.get(into), absorbed)
            if not isinstance(found, str):
                self.open[me.incident, me.key] = (me, found)
            return found

    def stands(self, me: OpenIncident) -> None:
        with self.lock:
            self.asked()
            self.open[me.incident, me.key] = (me, None)

    def _others(self, me: OpenIncident) -> Sequence[OpenIncident]:
        standing = [other for other, absorbed_by in self.open.values() if absorbed_by is None and other.key != me.key]
        seen = [(other, self.views.get(other.incident)) for other in standing]
        return [
            other if view is None else other.model_copy(update={"services": view.services, "apart": tuple(view.apart)})
            for other, view in seen
            if view is None or not view.state.closed
        ]

    def in_thread(self, channel: str, reference: str) -> IncidentView | None:
        self.asked()
        mine = (v for v in self.views.values() if v.roots.get(channel) == reference and not v.state.closed)
        return next(mine, None)

    def stamps(self, incidents: Sequence[str]) -> Mapping[str, datetime]:
        self.asked()
        return {name: self.views[name].updated_at for name in incidents if name in self.views}

    def fingerprint(self) -> str:
        self.asked()
        return str(sorted((name, view.updated_at.isoformat()) for name, view in self.views.items()))

    def attempts(self, action: Action, target: str, limit: int) -> Sequence[Attempt]:
        self.asked()
        newest = sorted(self.views.values(), key=lambda v: v.opened_at, reverse=True)
        tried = [a for v in newest for a in reversed(v.attempts) if (a.plan.action, a.plan.target) == (action, target)]
        return tried[:limit]

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
        self.stops: list[Stop] = []
        self.results: list[tuple[str, int, str]] = []
        self.begun: set[tuple[str, int]] = set()

    def controls(self, target: str, now: datetime) -> Controls:
        with self.lock:
            self.asked()
            return self._controls(target, now, self.reservations)

    def reserve(
        self, plan: Plan, policy: Policy, circumstances: Circumstances, current: Policy | None = None
    ) -> GateVerdict:
        with self.lock:
            self.asked()
            own = next((r for r in self.reservations if r.of(plan)), None)
            if own is not None and own.live(circumstances.now):
                return own.verdict
            others = [r for r in self.reservations if not r.of(plan)]
            controls = self._controls(plan.target, circumstances.now, others)
            verdict = strictest(
                gate(plan, policy, controls, circumstances),
                gate(plan, current, controls, circumstances) if current is not None else None,
            )
            if verdict.ruling is Ruling.RUN:
                self.reservations = [*others, reserve(plan, verdict, circumstances)]
                self.begun.discard((plan.incident, plan.attempt))
            return verdict

    def hold(self, plan: Plan, now: datetime) -> bool:
        with self.lock:
            self.asked()
            mine = next((r for r in self.reservations if r.of(plan) and r.live(now)), None)
            if mine is None:
                return False
            later = max(mine.expires_at, lapses_at(plan, now))
            self.reservations[self.reservations.index(mine)] = mine.model_copy(update={"expires_at": later})
            self.begun.add((plan.incident, plan.attempt))
            return True

    def release(self, incident: str, attempt: int, result: str, at: datetime) -> bool:
        with self.lock:
            self.asked()
            mine = [r for r in self.reservations if (r.incident, r.attempt) == (incident, attempt) and not r.ended_at]
            for held in mine:
                place = self.reservations.index(held)
                self.reservations[place] = held.model_copy(update={"ended_at": at})
                self.results.append((incident, attempt, result))
            return bool(mine) and (incident, attempt) in self.begun

    def pause(self, who: str, reason: str, until: datetime | None, at: datetime) -> None:
        self.asked()
        self.stops.append(Stop(kind="pause", who=who, reason=reason, at=at, until=until))

    def resume(self, who: str, at: datetime) -> None:
        self._lift("pause")

    def freeze(self, who: str, reason: str, until: datetime, at: datetime) -> None:
        self.asked()
        self.stops.append(Stop(kind="freeze", who=who, reason=reason, at=at, until=until))

    def unfreeze(self, who: str, at: datetime) -> None:
        self._lift("freeze")

    def _lift(self, kind: str) -> None:
        self.asked()
        self.stops = [stop for stop in self.stops if stop.kind != kind]

    def _controls(self, target: str, now: datetime, reservations: Sequence[Reservation]) -> Controls:
        pause, freeze = (in_force([s for s in self.stops if s.kind == kind], now) for kind in ("pause", "freeze"))
        return controls_at(target, now, reservations, pause, freeze)


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


class FakeSeries(Breakable):
    """SeriesStore in a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.all: dict[str, SeriesRow] = {}

    def services(self) -> Collection[str]:
        self.asked()
        return {row.watched.service for row in self.all.values()}

    def marks(self, services: Collection[str]) -> Mapping[str, datetime]:
        self.asked()
        return {key: row.until for key, row in self.all.items() if row.watched.service in services}

    def load(self, keys: Sequence[str]) -> Sequence[SeriesRow]:
        self.asked()
        return [self.all[key] for key in keys if key in self.all]

    def listed(self) -> Sequence[SeriesRow]:
        self.asked()
        rows = [row.model_copy(update={"detector": b""}) for row in self.all.values()]
        return sorted(rows, key=lambda row: (row.watched.service, row.watched.expression.name, row.watched.key))

    def save(self, rows: Sequence[SeriesRow]) -> None:
        self.asked()
        for row in rows:
            known = self.all.get(row.watched.key)
            if known is None or known.until <= row.until:
                self.all[row.watched.key] = row

    def forget(self, before: datetime) -> None:
        self.asked()
        self.all = {key: row for key, row in self.all.items() if row.until >= before}


class FakeForecasts(Breakable):
    """ForecastStore in a dict. `trouble`: what `troubles` answers."""

    def __init__(self) -> None:
        super().__init__()
        self.all: dict[str, Forecast] = {}
        self.trouble: list[Trouble] = []

    def trained(self, services: Collection[str]) -> Mapping[str, datetime]:
        self.asked()
        ready = (forecast for forecast in self.all.values() if forecast.ready and forecast.service in services)
        return {forecast.key: forecast.trained_at for forecast in ready}

    def load(self, keys: Sequence[str]) -> Sequence[Forecast]:
        self.asked()
        return [self.all[key] for key in keys if key in self.all]

    def heads(self) -> Sequence[Forecast]:
        self.asked()
        heads = [forecast.model_copy(update={"band": b""}) for forecast in self.all.values()]
        return sorted(heads, key=lambda head: (head.service, head.expression, head.key))

    def save(self, forecast: Forecast) -> None:
        self.asked()
        known = self.all.get(forecast.key)
        if known is None or known.trained_at <= forecast.trained_at:
            self.all[forecast.key] = forecast

    def forget(self, before: datetime) -> None:
        self.asked()
        self.all = {key: forecast for key, forecast in self.all.items() if forecast.trained_at >= before}

    def troubles(self, since: datetime) -> Sequence[Trouble]:
        self.asked()
        return [trouble for trouble in self.trouble if trouble.end is None or trouble.end >= since]


@dataclass
class FakeShard:
    """A row of `FakeShards`."""

    cycle: str = ""
    memory: str = ""
    before: datetime | None = None
    silent: int = 0
    watched: int = 0


class FakeShards(Breakable):
    """ShardStore in a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.all: dict[Shard, FakeShard] = {}

    def claim(self, cycle: str, of: int, memories: Collection[str], new: str, now: datetime) -> Claim | None:
        self.asked()
        with self.lock:
            shards = [Shard(number=number, of=of) for number in range(of)]
            self.all = {shard: self.all.get(shard) or FakeShard() for shard in shards}
            free = [(shard, row) for shard, row in self.all.items() if row.cycle != cycle]
            if not free:
                return None
            never = datetime.min.replace(tzinfo=UTC)
            newest = max(row.before or never for _, row in free)

            def turn(one: tuple[Shard, FakeShard]) -> tuple[int, datetime]:
                before = one[1].before or never
                late = before == never or newest - before > timedelta(minutes=3)
                return (0 if late else 1 if one[1].memory in memories else 2), before

            shard, row = min(free, key=turn)
            before, memory = row.before, row.memory if row.memory in memories else new
            row.cycle, row.memory, row.before = cycle, memory, now
            held = frozenset(row.memory for row in self.all.values()) & frozenset(memories)
            return Claim(shard, cycle, memory, held, before)

    def count(self, claim: Claim, silent: int, watched: int) -> tuple[int, int]:
        self.asked()
        row = self.all.get(claim.shard)
        if row is None or row.cycle != claim.cycle:
            raise Unavailable("claimed by another cycle")
        row.silent, row.watched = silent, watched
        return sum(row.silent for row in self.all.values()), sum(row.watched for row in self.all.values())


class FakeForests(Breakable):
    """ForestStore in a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.all: dict[str, Forest] = {}

    def load(self, service: str) -> Forest | None:
        self.asked()
        return self.all.get(service)

    def save(self, forest: Forest) -> None:
        self.asked()
        known = self.all.get(forest.service)
        if known is None or known.trained_at <= forest.trained_at:
            self.all[forest.service] = forest


class FakeHandingOver(Breakable):
    """AnomalyIntake that remembers what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[Anomaly] = []

    async def accept(self, anomalies: Sequence[Anomaly]) -> tuple[str, ...]:
        self.asked()
        self.taken += anomalies
        return tuple(dict.fromkeys(group_key(anomaly) for anomaly in anomalies))


class FakeFeedback(Breakable):
    """FeedbackStore in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Feedback] = []

    def add(self, said: Feedback) -> None:
        self.asked()
        self.all.append(said)

    def of(self, incident: str) -> Sequence[Feedback]:
        self.asked()
        return [said for said in self.all if said.incident == incident]


class FakeThresholds(Breakable):
    """ThresholdStore in a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.all: dict[tuple[str, str, str, datetime], ThresholdWord] = {}

    def add(self, words: Sequence[ThresholdWord]) -> None:
        self.asked()
        for word in words:
            self.all.setdefault((word.series, word.incident, word.kind, word.at), word)

    def words(self) -> Sequence[ThresholdWord]:
        self.asked()
        return sorted(self.all.values(), key=lambda word: word.at)


class FakeMaintenance(Breakable):
    """MaintenanceStore in dicts."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[tuple[str, str], WindowWord] = {}
        self.rows: dict[tuple[str, str, datetime], MutedRow] = {}

    def say(self, word: WindowWord) -> None:
        self.asked()
        self.said.setdefault((word.window.id, word.kind), word)

    def words(self, since: datetime) -> Sequence[WindowWord]:
        self.asked()
        return sorted((word for word in self.said.values() if word.window.ends > since), key=lambda word: word.at)

    def record(self, rows: Sequence[MutedRow]) -> None:
        self.asked()
        for row in rows:
            key = (row.window, row.series, row.starts_at)
            if key not in self.rows or self.rows[key].at <= row.at:
                self.rows[key] = row

    def muted(self, limit: int) -> Sequence[MutedRow]:
        self.asked()
        newest = sorted(self.rows.values(), key=lambda row: row.at, reverse=True)
        return sorted(newest, key=lambda row: row.became is not MutedBecame.HELD)[:limit]

    def newest(self, windows: Collection[str]) -> Sequence[MutedRow]:
        self.asked()
        found: dict[str, MutedRow] = {}
        for row in self.muted(len(self.rows)):
            if row.became is MutedBecame.HELD or row.window in windows:
                found.setdefault(row.window, row)
        return [found[window] for window in sorted(found)]

    def forget(self, before: datetime) -> None:
        self.asked()
        long_over = {
            key for key, row in self.rows.items()
            if row.at < before and (row.became is not MutedBecame.HELD or row.until < before)
        }  # fmt: skip
        for key in long_over:
            del self.rows[key]

    def tallies(self) -> Mapping[str, Tally]:
        self.asked()
        became: dict[str, list[MutedBecame]] = {}
        for row in self.rows.values():
            became.setdefault(row.window, []).append(row.became)
        return {window: Tally(held=of.count(MutedBecame.HELD), in_all=len(of)) for window, of in became.items()}


class FakeSilences(Breakable):
    """SilenceSource in a list."""

    def __init__(self, *windows: MutedWindow) -> None:
        super().__init__()
        self.windows = list(windows)

    def silences(self) -> Sequence[MutedWindow]:
        self.asked()
        return self.windows


class FakeMutedDoor(Breakable):
    """MutedDoor that judges by `windows` and remembers what went through it; `free` cleared holds it at the end.

    `unasked`: who could not be asked.
    """

    def __init__(self, *windows: MutedWindow) -> None:
        super().__init__()
        self.windows = list(windows)
        self.unasked: tuple[MutingKind, ...] = ()
        self.opened: list[Anomaly] = []
        self.reached, self.free = asyncio.Event(), asyncio.Event()
        self.free.set()

    async def again(self, held: Sequence[Held], at: datetime) -> Sequence[Held]:
        self.asked()
        verdicts = {one.anomaly.series: muted(one.anomaly, self.windows, at) for one in held}
        known = {series: verdict for series, verdict in verdicts.items() if verdict is not None}
        still = still_muted(held, known, at, self.unasked)
        stays = {one.anomaly.series for one in still}
        self.opened += [one.anomaly for one in held if one.anomaly.series not in stays]
        self.reached.set()
        await self.free.wait()
        return still

    async def hand_over(self, anomalies: Sequence[Anomaly]) -> None:
        self.asked()
        self.opened += anomalies
        self.reached.set()
        await self.free.wait()


class FakeFilters(Breakable):
    """FilterStore in a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, SavedFilter] = {}

    def keep(self, saved: SavedFilter) -> None:
        self.asked()
        self.kept[saved.name] = saved

    def drop(self, name: str) -> None:
        self.asked()
        self.kept.pop(name, None)

    def all(self) -> Sequence[SavedFilter]:
        self.asked()
        return [self.kept[name] for name in sorted(self.kept)]


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


class FakeIntake:
    """Intake in a dict: `told` holds what each incident was told. `away` is raised instead while it is set."""

    def __init__(self, away: TemporalAway | None = None) -> None:
        self.away = away
        self.told: dict[str, list[Anomaly]] = {}

    async def accept(self, anomalies: Sequence[Anomaly]) -> tuple[str, ...]:
        if self.away is not None:
            raise self.away
        for anomaly in anomalies:
            key = group_key(anomaly)
            if anomaly.firing or key in self.told:
                self.told.setdefault(key, []).append(anomaly)
        return tuple(dict.fromkeys(key for a in anomalies if (key := group_key(a)) in self.told))


class FakeSynchroniser:
    """Synchroniser of the `open` incidents; `told` are the words, in order. `away` is raised while it is set."""

    def __init__(self, *open_incidents: str, away: TemporalAway | None = None) -> None:
        self.open = set(open_incidents)
        self.away = away
        self.told: list[tuple[str, Synchronise]] = []

    async def tell(self, incident: str, word: Synchronise) -> bool:
        if self.away is not None:
            raise self.away
        if incident in self.open:
            self.told.append((incident, word))
        return incident in self.open


class FakeLive:
    """LiveIncidents in a dict by key. `away` is raised instead while it is set."""

    def __init__(self, *views: IncidentView, away: TemporalAway | None = None) -> None:
        self.away = away
        self.views = {view.key: view for view in views}

    async def view(self, key: str) -> IncidentView | None:
        self._asked()
        return self.views.get(key)

    async def find(self, incident: str) -> IncidentView | None:
        self._asked()
        return next((view for view in self.views.values() if view.incident == incident), None)

    async def newest(self, limit: int) -> tuple[IncidentView, ...]:
        self._asked()
        return tuple(self.views.values())[:limit]

    async def ping(self) -> None:
        self._asked()

    def _asked(self) -> None:
        if self.away is not None:
            raise self.away


class FakeMetrics(Breakable):
    """MetricSource that knows its answers by the whole query. `refused` maps a query to the reason of its refusal,
    `slow` holds those that the server gives up.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ranges: dict[str, Sequence[Series]] = {}
        self.instants: dict[str, Sequence[Instant]] = {}
        self.refused: dict[str, str] = {}
        self.slow: set[str] = set()
        self.alerts: dict[frozenset[tuple[str, str]], bool] = {}

    def query(self, query: str) -> Sequence[Instant]:
        self._answers(query)
        return self.instants.get(query, ())

    def query_range(self, query: str, window: Window, step_s: float) -> Sequence[Series]:
        """Points inside of the window, thinned to one in each step. Prometheus refuses more than 11,000 of them."""
        self._answers(query)
        if (window.end - window.start).total_seconds() / step_s > 11_000:
            raise Rejected("exceeded maximum resolution of 11,000 points per timeseries")
        cut = [_within(series, window, step_s) for series in self.ranges.get(query, ())]
        return [series for series in cut if series.points]

    def firing(self, labels: Mapping[str, str]) -> bool | None:
        self.asked()
        return self.alerts.get(frozenset(labels.items()))

    def link(self, query: str, window: Window) -> str:
        return f"https://metrics.example/graph?expr={query}&end={window.end.timestamp():.0f}"

    def _answers(self, query: str) -> None:
        self.asked()
        if query in self.refused:
            raise Rejected(self.refused[query])
        if query in self.slow:
            raise Unavailable("Prometheus answered 503: query timed out in expression evaluation")


def _within(series: Series, window: Window, step_s: float) -> Series:
    start, end = window.start.timestamp(), window.end.timestamp()
    kept: dict[int, tuple[float, float]] = {}
    for at, value in series.points:
        if start <= at <= end:
            kept.setdefault(int((at - start) // step_s), (at, value))
    return series.model_copy(update={"points": tuple(kept.values())})


class FakeLogs(Breakable):
    """LogSource over a list of lines."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[LogLine] = []

    def search(self, services: Sequence[str], window: Window, levels: Sequence[str], limit: int) -> LogPage:
        self.asked()
        found = [
            line
            for line in self.lines
            if line.service in services and line.level in levels and window.start <= line.at < window.end
        ]
        found.sort(key=lambda line: line.at, reverse=True)
        return LogPage(total=len(found), lines=tuple(found[:limit]))

    def query_text(self, services: Sequence[str], window: Window, levels: Sequence[str]) -> str:
        return f"service in ({', '.join(services)}) and level in ({', '.join(levels)})"

    def link(self, services: Sequence[str], window: Window) -> str:
        return f"https://logs.example/?from={window.start.isoformat()}"


class FakeTraces(Breakable):
    """TraceSource over a list of traces."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Trace] = []

    def traces(self, service: str, window: Window, limit: int, *, errors_only: bool = False) -> Sequence[Trace]:
        self.asked()
        found = [
            trace
            for trace in self.all
            if any(span.service == service for span in trace.spans)
            and window.start <= _started(trace) < window.end
            and (not errors_only or any(span.error for span in trace.spans))
        ]
        return sorted(found, key=_started, reverse=True)[:limit]

    def link(self, trace_id: str) -> str:
        return f"https://traces.example/trace/{trace_id}"


def _started(trace: Trace) -> datetime:
    return min(span.start for span in trace.spans)


class FakeDatabases(Breakable):
    """DatabaseSource with a state for each database by name. Those in `away` do not answer; none does before so many
    are asked as `together` waits for.
    """

    def __init__(self, *states: DatabaseState) -> None:
        super().__init__()
        self.states = {state.database: state for state in states}
        self.away: set[str] = set()
        self.together = Barrier(1)
        self.asked_for: list[str] = []

    def state(self, database: Database) -> DatabaseState:
        self.asked()
        self.asked_for.append(database.name)
        self.together.wait()
        if database.name in self.away:
            raise Unavailable("connection refused")
        if database.name not in self.states:
            raise Rejected(f"database {database.name!r} does not exist")
        return self.states[database.name]

    def query_text(self) -> str:
        return "SELECT * FROM pg_stat_activity"


class FakeEar:
    """Where words of people go: keeps what was told, and answers `reply`; the same key again is answered alike."""

    def __init__(self, reply: Reply | None = None) -> None:
        self.reply = reply or Reply(became=Became.ACCEPTED, text="accepted")
        self.told: list[tuple[str, Update, dict[str, str]]] = []
        self._answered: dict[str, Reply] = {}

    def forget(self, reply: Reply) -> None:
        """Begin anew, with this answer."""
        self.reply = reply
        self.told.clear()
        self._answered.clear()

    async def tell(self, view: IncidentView, update: Update, payload: dict[str, str], key: str | None) -> Reply:
        if key is not None and key in self._answered:
            return self._answered[key]
        self.told.append((view.incident, update, payload))
        if key is not None:
            self._answered[key] = self.reply
        return self.reply


class FakeChanges(Breakable):
    """ChangeSource with an answer for each deployment by target; all it holds lies within every window."""

    def __init__(self, *seen: Changes) -> None:
        super().__init__()
        self.seen = {one.target: one for one in seen}

    def changes(self, deployment: Deployment, window: Window) -> Changes:
        self.asked()
        if deployment.target not in self.seen:
            raise Rejected(f"{deployment.target!r} does not exist")
        return self.seen[deployment.target]

    def query_text(self, deployment: Deployment) -> str:
        return f"kubectl rollout history deployment/{deployment.name}"


class FakeModel(Breakable):
    """LanguageModel that answers by a script: `answer` decides by the inquiry. `asked_of` keeps them, in order."""

    def __init__(self, answer: Callable[[Inquiry], ModelReply]) -> None:
        super().__init__()
        self.answer = answer
        self.asked_of: list[Inquiry] = []

    def most(self, inquiry: Inquiry) -> Usage:
        return most_usage(inquiry.model_dump_json())

    def ask(self, inquiry: Inquiry) -> ModelReply:
        with self.lock:
            self.asked_of.append(inquiry)
        self.asked()
        return self.answer(inquiry)

    def models(self, seconds: float) -> Sequence[str]:
        self.asked()
        return ("a model",)


@dataclass
class _Paid:
    """A call in the ledger: what it cost so far, and the most that the try under way may cost."""

    incident: str
    at: datetime
    spent: float = 0.0
    reserved: float = 0.0
    entry: Entry = field(default_factory=lambda: Entry(under_way=True))


class FakeModelCalls(Breakable):
    """ModelLedger in a dict; the rules are the real ones."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: dict[str, _Paid] = {}

    def begin(self, key: str, incident: str, at: datetime, most_usd: float, terms: Terms) -> Account:
        with self.lock:
            self.asked()
            known = self.calls.get(key)
            account = admission(known.entry if known else None, most_usd, self._spent(incident, at), terms)
            if account.admission is Admission.NEW:
                spent = known.spent if known else 0.0
                self.calls[key] = _Paid(incident, at, spent=spent, reserved=most_usd)
            return account

    def end(self, key: str, usd: float, kept: str | None) -> None:
        with self.lock:
            self.asked()
            call = self.calls[key]
            if call.entry.under_way:
                call.spent, call.reserved = call.spent + usd, 0.0
                call.entry = Entry(under_way=False, kept=kept)

    def spent(self, incident: str | None, now: datetime) -> Spent:
        self.asked()
        return self._spent(incident, now)

    def _spent(self, incident: str | None, now: datetime) -> Spent:
        ours = (c for c in self.calls.values() if c.incident == incident)
        recent = (c for c in self.calls.values() if c.at > now - HOUR)
        return Spent(
            incident_usd=sum(c.spent + c.reserved for c in ours), hour_usd=sum(c.spent + c.reserved for c in recent)
        )
