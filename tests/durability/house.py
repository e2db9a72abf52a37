"""A whole Nightshift on real servers of its own, for all tests here: each of its processes can be killed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from config.policy import load_policy
from config.services import load_services
from domain.anomaly import Anomaly
from domain.levels import Severity
from domain.policy import Policy
from domain.view import IncidentView
from evals.chaos import collect
from evals.chaos.complaints import complain
from evals.chaos.evidence import Alert, Evidence
from evals.chaos.patients import METRIC, Patient, database_of
from evals.chaos.people import Handle, handle_of, view_of
from evals.chaos.stage import ACTS, ASKS, STORE, Stage, policy, service_map
from rig.servers.kubernetes import KubernetesServer
from rig.servers.pagerduty import KEY, POLICIES, SENDER, SERVICE, PagerDutyServer
from rig.servers.slack import CHANNEL, SlackServer
from starter.intake import House as Opened
from starter.intake import TemporalIntake
from tests.adapters.deployments import NAME
from tests.durability.release import BUG, Release
from tests.durability.rows import PATIENT, Call, Rollout, Row, Scheduled, Wait, Wire
from tests.durability.wiretap import Fate, Hold, Wiretap

COMES_WITHIN_S = 180
ENDS_WITHIN_S = 300
SCRAPED_S = 3.5
"""Two scrapes: then Prometheus knows that a database is ill."""
_LOOK_S = 0.1


@dataclass
class Case:
    """An incident of a row, on its own service and database."""

    row: Row
    service: str
    patient: Patient
    handle: Handle
    hold: Hold | None
    release: Release | None = None

    @property
    def key(self) -> str:
        return f"incident-{self.service}"


class House:
    """The stage, with a wire to each server that the worker calls, and one between sender and starter."""

    def __init__(self, folder: Path, services: list[str], deployed: list[str], cluster: KubernetesServer) -> None:
        """Of the `services` those `deployed` run on the cluster."""
        # One has as many threads to act as there are rows that hold one of them.
        self.stage = Stage(folder, services, {}, workers=2)
        self._services, self._deployed, self._cluster = services, deployed, cluster
        self.pager = PagerDutyServer()
        self.slack = SlackServer()
        self.folder = folder
        self._known, self._rules = folder / "services-worker.yaml", folder / "policy-worker.yaml"
        self._stack = ExitStack()
        self.wires: dict[Wire, Wiretap] = {}
        """"door" is what senders call, "temporal of ..." how starters reach Temporal; the others are the worker's."""

    def __enter__(self) -> "House":
        with self._stack as stack:
            stack.enter_context(self.pager)
            stack.enter_context(self.slack)
            self._wire(stack)
            self._write_rules()
            stack.enter_context(self.stage)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *failure: object) -> None:
        self._stack.close()

    def _wire(self, stack: ExitStack) -> None:
        temporal = _place(f"http://{self.stage.temporal.address}")
        socket = str(self.stage.postgres.socket_folder / ".s.PGSQL.5432")
        self.wires = {
            "metrics": Wiretap(_place(self.stage.prometheus.url)),
            "store": Wiretap(socket),
            "target": Wiretap(socket),
            "mail": Wiretap((self.stage.inbox.host, self.stage.inbox.port)),
            "page": Wiretap(_place(self.pager.url)),
            "slack": Wiretap(_place(self.slack.url)),
            "door": Wiretap(_place(self.stage.addresses[ACTS])),
            "temporal of acts": Wiretap(temporal),
            "temporal of asks": Wiretap(temporal),
        }
        for wire in self.wires.values():
            stack.enter_context(wire)
        for door, wire in ((ACTS, self.wires["temporal of acts"]), (ASKS, self.wires["temporal of asks"])):
            self.stage.starter_wires[door]["TEMPORAL_ADDRESS"] = f"127.0.0.1:{wire.port}"
        plain = "sslmode=disable&gssencmode=disable"
        self.stage.worker_wires.update({
            "PROMETHEUS_URL": f"http://127.0.0.1:{self.wires['metrics'].port}",
            "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{self.wires['store'].port}/{STORE}?{plain}",
            "SMTP_URL": f"smtp://127.0.0.1:{self.wires['mail'].port}",
            "PAGERDUTY_API_URL": f"http://127.0.0.1:{self.wires['page'].port}",
            "PAGERDUTY_API_KEY": KEY,
            "SLACK_API_URL": f"http://127.0.0.1:{self.wires['slack'].port}/api",
            "SLACK_BOT_TOKEN": self.slack.workspace.token,
            "SLACK_CHANNEL": CHANNEL,
            "PAGERDUTY_FROM": SENDER,
            "PAGERDUTY_SERVICE": SERVICE,
            "PAGERDUTY_ESCALATION_POLICIES": ";".join(f"{tier}={policy}" for tier, policy in POLICIES.items()),
            "NIGHTSHIFT_CONNECTION_REMEDY":
                f"postgresql://care_remedy@127.0.0.1:{self.wires['target'].port}/postgres?{plain}",
        })  # fmt: skip

    def _write_rules(self) -> None:
        """The worker's own: those of its starters, with what is on the cluster. Databases of such services are not
        shown to it, so that it looks at the release that holds their connections, and not at who holds them.
        """
        on_hosts = [name for name in self._services if name not in self._deployed]
        known = service_map(on_hosts, {})
        known["services"] += [{"name": n, "deployment": {"namespace": n, "name": NAME}} for n in self._deployed]
        rules = policy(on_hosts, asks=False)
        rules["allow"] += [f"deployment/{name}/{NAME}" for name in self._deployed]
        for file, content in ((self._known, known), (self._rules, rules)):
            file.write_text(yaml.safe_dump(content))
        self.stage.worker_wires.update({
            "NIGHTSHIFT_SERVICES": str(self._known), "NIGHTSHIFT_POLICY": str(self._rules),
            "KUBECONFIG": str(self._cluster.admin_kubeconfig),
        })  # fmt: skip

    # -- rows

    def admit(self, row: Row, client: Client, prefix: str) -> Case:
        """The row's database, and the call that is to be held."""
        service = f"{prefix}-{row.slug}"
        patient = self.stage.patients[service]
        hold = None
        if isinstance(row.caught, Call):
            names = {"service": service, "database": database_of(service)}
            needles = tuple(needle.format(**names).encode() for needle in row.caught.needles)
            hold = Hold(needles, row.caught.moment, row.caught.nth, alone=row.caught.wire == "store")
        release = self.release(service) if service in self._deployed else None
        return Case(row, service, patient, handle_of(client, f"incident-{service}"), hold, release)

    def release(self, service: str) -> Release:
        """Of a service that runs on the cluster."""
        return Release(self._cluster, self.stage.patients[service], self.folder)

    @property
    def workers(self) -> set[int]:
        """The ids of the processes that work now."""
        return {worker.process.pid for worker in self.stage.mortals.workers if worker.process is not None}

    def fall_ill(self, case: Case) -> None:
        """Somebody holds all connections of the service's database, its release does already, and it complains."""
        if case.release is None:
            self.stage.fall_ill(case.service, case.row.holder)
        else:
            complain(self.stage.elasticsearch.url, case.service, BUG)

    def listen(self, cases: Iterable[Case]) -> None:
        """Hold the calls of these cases."""
        for name, wire in self.wires.items():
            calls = [c.hold for c in cases if c.hold and isinstance(c.row.caught, Call) and c.row.caught.wire == name]
            wire.hold(calls)

    def let_go(self, fate: Fate) -> None:
        for wire in self.wires.values():
            wire.end(fate)

    async def open(self, client: Client, case: Case, long_s: float) -> None:
        """What the starter does with a sender's alert, under the policy of the row."""
        opened = Opened(
            policy=self._policy(case.row, long_s), namespace="default", temporal_ui=None, public_url=None,
            services=load_services(self._known),
        )  # fmt: skip
        await TemporalIntake(client, opened).accept([_anomaly(case.service, case.patient.ill_since)])

    def _policy(self, row: Row, long_s: float) -> Policy:
        loaded = load_policy(self.folder / f"policy-{ASKS if row.asks else ACTS}.yaml")
        allowed = load_policy(self._rules).allow
        return Policy.model_validate(
            {**loaded.model_dump(), "allow": allowed, "gather_s": 0, "watch_s": 2, **PATIENT, **row.changes(long_s)}
        )

    async def caught(self, case: Case) -> None:
        """Returns when the incident is where the blow is to find it; fails with its timeline when it never comes."""
        where = case.row.caught
        match where:
            case Call():
                hold = case.hold
                assert hold is not None
                arrived = await until(lambda: _true(hold.reached.is_set()), COMES_WITHIN_S)
            case Wait(timer):
                arrived = await until(lambda: self._waits(case, timer), COMES_WITHIN_S)
            case Scheduled(activity):
                arrived = await until(lambda: _ordered(case.handle, activity), COMES_WITHIN_S)
            case Rollout():
                release = case.release
                assert release is not None
                arrived = await until(lambda: asyncio.to_thread(release.half_way), COMES_WITHIN_S)
        if not arrived:
            raise AssertionError(f"never came to {case.row.name!r}: {await story(case.handle)}")

    async def _waits(self, case: Case, timer: str) -> bool:
        return any(name.startswith(timer) for name in await pending_timers(case.handle))

    # -- the end

    async def evidence(self, client: Client, services: Iterable[str]) -> Evidence:
        """All that is seen from outside; the alerts are those of these services."""
        mine, seen = set(services), await collect.incidents(client)
        with self.stage.postgres.connect(STORE) as store:
            return Evidence(
                now=collect.now(), alerts=tuple(Alert(f"{name}-1", name) for name in sorted(mine)),
                incidents=tuple(seen), letters=collect.letters(self.stage.inbox), acts=collect.acts(store),
                patients=collect.patients(self.stage.patients), locks=collect.locks(store),
                downs=tuple(self.stage.mortals.downs),
            )  # fmt: skip


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)


def only(evidence: Evidence, service: str) -> Evidence:
    """What concerns one incident; whatever concerns none at all stays in, so that each row sees it."""
    mine = [i for i in evidence.incidents if i.view.service == service]
    others = {i.view.incident for i in evidence.incidents} - {i.view.incident for i in mine}
    target = f"database/{database_of(service)}"
    return replace(
        evidence,
        alerts=tuple(a for a in evidence.alerts if a.service == service),
        incidents=tuple(mine),
        letters=tuple(x for x in evidence.letters if not any(name in x.message_id for name in others)),
        acts=tuple(a for a in evidence.acts if a.incident not in others),
        patients=tuple(p for p in evidence.patients if p.target == target),
        locks=tuple(lock for lock in evidence.locks if not any(name in lock for name in others)),
    )


def _anomaly(service: str, began: datetime | None) -> Anomaly:
    now = datetime.now(UTC)
    return Anomaly(
        source="prometheus", fingerprint=f"{service}-1", name="ConnectionsRefused", service=service,
        title="connections are refused", starts_at=began or now, seen_at=now, severity_label=Severity.HIGH,
        labels={"service": service}, actual=1.0, expected=0.5,
        expression=f'max({METRIC}{{service="{service}"}}) > 0.5',
    )  # fmt: skip


# -- what Temporal says


async def pending_activities(handle: Handle) -> list[str]:
    """The activities that were ordered and have no result yet."""
    described = await handle.describe()
    return [activity.activity_type.name for activity in described.raw_description.pending_activities]


async def pending_timers(handle: Handle) -> list[str]:
    """The timers that have started and neither fired nor were cancelled."""
    events = [event async for event in handle.fetch_history_events()]
    return [timer.name for timer in collect.timers(events) if not timer.fired and not timer.canceled]


async def _ordered(handle: Handle, activity: str) -> bool:
    async for event in handle.fetch_history_events():
        if event.event_type is EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            scheduled = event.activity_task_scheduled_event_attributes
            if scheduled.activity_type.name == activity:
                return True
    return False


async def story(handle: Handle) -> str:
    """The timeline, for a test that fails."""
    view = await view_of(handle)
    return "nobody answers" if view is None else told(view)


def told(view: IncidentView) -> str:
    return "\n".join([view.state.value, *(f"{e.at:%H:%M:%S} {e.kind}: {e.text}" for e in view.timeline)])


async def _true(value: bool) -> bool:
    return value


async def until(holds: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Did it hold within the time?"""
    deadline = time.monotonic() + seconds
    while not await holds():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_LOOK_S)
    return True
