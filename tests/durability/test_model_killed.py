"""The worker of the queue `advice` is killed while it asks a language model: what the model's server counts is paid.

All else of the incident is alive. One incident at each moment, then one blow, then another worker.
"""

import asyncio
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from temporalio import activity
from temporalio.client import Client

from domain.advice.advice import Advice
from domain.advice.looks import Tool
from domain.advice.weighing import Standing
from domain.finding import Finding, Source
from domain.question import Question
from domain.view import IncidentView
from evals.chaos.processes import UP
from integrations.store.migrate import migrate
from rig.servers.model import KEY, MODEL, Answer, ChatRequest, Hangs, ModelServer, Wants, answering
from rig.servers.postgres import PostgresServer
from rig.servers.process import Command, ManagedProcess
from rig.servers.temporal import TemporalServer
from tests.advice import TERMS
from tests.durability.house import COMES_WITHIN_S, until
from tests.durability.wiretap import Fate, Hold, Moment, Wiretap
from tests.workflows.world import POLICY, Handle, World, anomaly
from workers.registry import Queue
from workflows.contract import ADVICE_QUEUE
from workflows.incident import IncidentWorkflow

_PROGRAM = Path(sys.executable).with_name("nightshift")
_UP_S = 300.0
PATIENT = TERMS.model_copy(update={"within_s": 300})
"""Time for another worker to come up on a busy machine: the first one's calls would else be given up before."""
_STORE = "model_killed"
_KEEPING, _KEPT = b"UPDATE nightshift.model_calls", b"COMMIT"


@dataclass(frozen=True)
class Stage:
    """A moment. `moment`: how what keeps the answer in the store is held, None: it does not come to that.

    `calls`: that the model's server counts when all is over, and `answers`. `standing` None: no opinion came of it.
    """

    calls: int
    answers: int
    standing: Standing | None
    moment: Moment | None = None
    forgotten: bool = False

    def hold(self, name: str) -> Hold:
        assert self.moment is not None
        then = _KEPT if self.moment == "after the answer" else b""
        return Hold((_KEEPING, name.encode()), self.moment, alone=True, then=then)


ASKED, LOOKING = "asked-and-not-answered", "looking-between-two-calls"
ITS_OWN_LOOK = "a look that the model asked for"
STAGES: dict[str, Stage] = {
    ASKED: Stage(1, 0, None),
    "answered-and-not-kept": Stage(1, 1, None, "before the answer"),
    "kept-and-not-told": Stage(1, 1, Standing.AGREES, "after the answer"),
    # The control: what was kept is lost, and the very same is counted as two.
    "kept-and-then-lost": Stage(2, 2, Standing.AGREES, "after the answer", forgotten=True),
    LOOKING: Stage(2, 2, Standing.AGREES),
}


class Others(World):
    """All but the worker that is killed."""

    def queues(self) -> list[Queue]:
        return [queue for queue in super().queues() if queue.name != ADVICE_QUEUE]

    def _look(self, name: str, source: Source) -> Any:
        """A look that the model asked for can be held, and nobody else's."""
        usual = super()._look(name, source)

        @activity.defn(name=name)
        async def look(question: Question) -> tuple[Finding, ...]:
            if question.services == (LOOKING,):
                await self._pass(ITS_OWN_LOOK)
            return await usual(question)

        return look


@dataclass
class Mind:
    """Agrees with every ranking, and names the incident in its words. One is never answered, one is sent to look."""

    world: World
    calls: Counter[str] = field(default_factory=Counter[str])
    answers: Counter[str] = field(default_factory=Counter[str])
    waited_for: threading.Event = field(default_factory=threading.Event)

    def __call__(self, request: ChatRequest) -> Answer:
        stage = str(request.evidence["alerts"][0]["service"])
        self.calls[stage] += 1
        if stage == ASKED:
            self.waited_for.set()
            return Hangs()
        self.answers[stage] += 1
        if stage == LOOKING and not request.shown:
            self.world.hold_at(ITS_OWN_LOOK)
            return Wants([(Tool.METRICS, {"service": stage, "earlier_min": 60})])
        first = request.evidence["candidates"][0]
        return answering((first["service"], first["category"], f"so it is at {stage}", tuple(first["for"])))(request)


@dataclass
class Aftermath:
    """What the model's server had counted when the blow fell, and in the end; what is booked, and what is seen."""

    before: Mapping[str, int]
    mind: Mind
    booked: dict[str, float]
    seen: dict[str, IncidentView]

    def advice(self, stage: str) -> Advice:
        advice = self.seen[stage].advice
        assert advice is not None
        return advice


@pytest.fixture(scope="module")
def wire(postgres: PostgresServer) -> Iterator[Wiretap]:
    """Between the worker and its store."""
    migrate(SecretStr(postgres.create_database(_STORE)))
    with Wiretap(str(postgres.socket_folder / ".s.PGSQL.5432")) as tap:
        yield tap
    postgres.drop_database(_STORE)


@pytest.fixture(scope="module")
def worker(
    wire: Wiretap, model_server: ModelServer, temporal_dev: TemporalServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ManagedProcess]:
    """As its users run it, for one queue."""
    price = TERMS.price
    settings = {
        "TEMPORAL_ADDRESS": temporal_dev.address, "OPENAI_BASE_URL": model_server.url, "OPENAI_API_KEY": KEY,
        "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{wire.port}/{_STORE}?sslmode=disable&gssencmode=disable",
        "NIGHTSHIFT_MODEL": MODEL, "NIGHTSHIFT_MODEL_PRICES": f"{MODEL}={price.input_usd}/{price.output_usd}",
    }  # fmt: skip
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    process = ManagedProcess(Command("worker", [str(_PROGRAM), "worker", "--queues", ADVICE_QUEUE], log, env=settings))
    _start(process)
    yield process
    process.kill()


@pytest.fixture(scope="module")
async def blow(
    worker: ManagedProcess, wire: Wiretap, model_server: ModelServer, postgres: PostgresServer, temporal_client: Client
) -> AsyncIterator[Aftermath]:
    """One incident at each moment, one blow, another worker, and what came of each consultation."""
    world = Others(adviser=PATIENT, policy=POLICY.model_copy(update={"gather_s": 0, "allow": ()}))
    model_server.clear(mind := Mind(world))
    holds = {name: stage.hold(name) for name, stage in STAGES.items() if stage.moment is not None}
    wire.hold(list(holds.values()))
    async with world.living(temporal_client):
        handles = {name: await _open(world, temporal_client, name) for name in STAGES}
        for name, hold in holds.items():
            await _until(hold.reached.is_set, name)
        await _until(mind.waited_for.is_set, ASKED)
        await _until(lambda: ITS_OWN_LOOK in world.reached, LOOKING)
        await asyncio.to_thread(worker.kill)
        before = dict(mind.calls)
        wire.end(Fate.CUT)
        for name in (name for name, stage in STAGES.items() if stage.forgotten):
            _forget(postgres, name)
        await asyncio.to_thread(_start, worker)
        world.let_go()
        seen = {name: await _advised(handle, name) for name, handle in handles.items()}
        yield Aftermath(before, mind, {name: _booked(postgres, view) for name, view in seen.items()}, seen)
        for handle in handles.values():
            await handle.terminate("seen")


def _start(worker: ManagedProcess) -> None:
    """Returns when it is at work; its log is one for both."""
    log = worker.command.log

    def times() -> int:
        return log.read_text(errors="replace").count(UP) if log.exists() else 0

    before = times()
    worker.start(lambda: times() > before, _UP_S)


async def _open(world: World, client: Client, name: str) -> Handle:
    return await world.open(client, anomaly(service=name), key=f"incident-{name}")


async def _until(holds: Callable[[], bool], name: str) -> None:
    async def asked() -> bool:
        return holds()

    assert await until(asked, COMES_WITHIN_S), f"never came to {name}"


async def _advised(handle: Handle, name: str) -> IncidentView:
    """The incident once its consultation has ended."""

    async def ended() -> bool:
        return (await handle.query(IncidentWorkflow.view)).advice is not None

    assert await until(ended, COMES_WITHIN_S), f"{name}: no consultation ended"
    return await handle.query(IncidentWorkflow.view)


def _forget(postgres: PostgresServer, name: str) -> None:
    with postgres.connect(_STORE) as store:
        lost = store.execute("DELETE FROM nightshift.model_calls WHERE kept LIKE %s", [f"%{name}%"])
        assert lost.rowcount == 1, "it had been kept"


def _booked(postgres: PostgresServer, view: IncidentView) -> float:
    ledger = "SELECT coalesce(sum(spent_usd + reserved_usd), 0) FROM nightshift.model_calls WHERE incident = %s"
    with postgres.connect(_STORE) as store:
        row = store.execute(ledger, [view.incident]).fetchone()
    assert row is not None
    return float(row[0])


each_stage = pytest.mark.parametrize("stage", STAGES)


@each_stage
async def test_an_answer_is_paid_for_once_and_a_call_without_one_is_not_made_again(blow: Aftermath, stage: str) -> None:
    """But for the control: without what was kept the same is asked, answered and paid for twice."""
    assert blow.before[stage] == 1, "the blow fell where it was meant to"
    expected = STAGES[stage]
    assert (blow.mind.calls[stage], blow.mind.answers[stage]) == (expected.calls, expected.answers)


@each_stage
async def test_the_incident_has_the_opinion_that_was_paid_for_or_the_statistical_answer(
    blow: Aftermath, stage: str
) -> None:
    seen, advice = blow.seen[stage], blow.advice(stage)
    assert (advice.standing, advice.consultations) == (STAGES[stage].standing, 1), advice.said
    assert seen.diagnosis is not None
    assert (seen.diagnosis.confidence, seen.diagnosis.advised) == (World().confidence, False)
    if advice.standing is None:
        assert "what may have been paid is not paid twice; the statistical answer stands" in advice.said


@each_stage
async def test_what_it_cost_is_what_was_counted_and_a_lost_call_counts_in_full(blow: Aftermath, stage: str) -> None:
    """Within the limit of an incident."""
    advice, booked = blow.advice(stage), blow.booked[stage]
    assert advice.usd == pytest.approx(booked)
    assert 0 < advice.usd <= TERMS.usd_per_incident
    lost = STAGES[stage].standing is None
    assert advice.unanswered_usd == pytest.approx(booked if lost else 0.0)
