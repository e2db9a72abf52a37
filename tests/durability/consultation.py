"""A consultation whose worker dies at one moment of it.

Everything that a blow could do to its neighbours is its own: the namespace of Temporal, so that no other worker takes
its calls; the worker; the wire between that and the store; the model's server. Whoever is called at the moment strikes
at once, from the thread that was called: no blow waits for another one.
"""

import asyncio
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from psycopg.rows import class_row
from pydantic import SecretStr
from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from config.adapters.store import Store
from domain.advice.advice import Advice
from domain.advice.looks import Tool
from domain.finding import Finding, Source
from domain.question import Question
from domain.view import IncidentView
from evals.chaos.people import view_of
from evals.chaos.processes import UP
from integrations.language_model import ChatModel
from integrations.store.pool import Pool
from rig.servers.model import KEY, MODEL, Answer, ChatRequest, Hangs, ModelServer, Wants, answering
from rig.servers.postgres import PostgresServer
from rig.servers.process import Command, ManagedProcess
from rig.servers.temporal import TemporalServer
from tests.advice import TERMS
from tests.durability.house import story, told, until
from tests.durability.tries import Try, last_tries
from tests.durability.wiretap import Fate, Hold, Wiretap
from tests.workflows.world import POLICY, Handle, World, anomaly
from workers.lifecycle import working
from workers.registry import Ports, Queue, queues
from workflows.contract import ADVICE_QUEUE, TASK_QUEUE

KILLED = (TASK_QUEUE, ADVICE_QUEUE)
"""The queues of the worker that dies: the incident's, with what it remembers of the talk, and that of the calls."""
PATIENT = TERMS.model_copy(update={"within_s": 300, "usd_per_incident": 0.1})
"""Time for another worker to come up on a busy machine, and money for a third call: no limit hides that one is made."""
STORE = "model_killed"
COMES_WITHIN_S = 300.0
"""A bound for what hangs, on a machine that does much else."""
_PROGRAM = Path(sys.executable).with_name("nightshift")
_EARLIER = timedelta(hours=1)
_LOOK_S = 5.0
_TRIES = 30
_KEEPING, _SECOND, _KEPT = b"UPDATE nightshift.model_calls", b":advice:1:2", b"COMMIT"
"""How the worker says to the store that a call has ended, that it is the second one, and that this is all."""

Caught = Literal["while it looks", "when it is asked", "before the store hears of it", "after the store has kept it"]
Tokens = tuple[int, int]
"""In and out."""


@dataclass(frozen=True)
class Entry:
    """A call in the ledger."""

    spent_usd: float
    reserved_usd: float
    kept: bool


@dataclass(frozen=True)
class Aftermath:
    """`asked`: requests at the model's server, first and second calls; `before`: when the blow fell. `paid`: the tokens
    of each answer that it gave, in order. `ledger`: by call, in order. `tries`: the last one of each call, in order;
    `killed`: the process that was.
    """

    before: Tokens
    asked: Tokens
    paid: tuple[Tokens, ...]
    ledger: tuple[Entry, ...]
    tries: tuple[Try, ...]
    killed: int
    view: IncidentView

    @property
    def advice(self) -> Advice:
        assert self.view.advice is not None
        return self.view.advice


@dataclass
class Others(World):
    """All of Nightshift but the worker that is killed. `struck`: called in a look that the model asked for."""

    struck: Callable[[], None] | None = None

    def queues(self) -> list[Queue]:
        return [queue for queue in super().queues() if queue.name not in KILLED]

    def _look(self, name: str, source: Source) -> Any:
        usual = super()._look(name, source)

        @activity.defn(name=name)
        async def look(question: Question) -> tuple[Finding, ...]:
            # Nobody but the model looks into the past.
            if self.struck is not None and question.now < datetime.now(UTC) - _EARLIER / 2:
                await asyncio.to_thread(self.struck)
            return await usual(question)

        return look


@dataclass
class Consultation:
    """The model looks once, and then agrees. Its worker dies as it is `caught`, over the second call or before it.

    `forgotten`: what was kept of the second call is lost before another worker comes.
    """

    name: str
    caught: Caught
    client: Client
    model: ModelServer
    wire: Wiretap
    worker: ManagedProcess
    postgres: PostgresServer
    forgotten: bool
    before: Tokens = (0, 0)
    fallen: threading.Event = field(default_factory=threading.Event)

    async def live_through(self) -> Aftermath:
        """Until the consultation has ended."""
        self._lie_in_wait()
        looking = self.strike if self.caught == "while it looks" else None
        rules = POLICY.model_copy(update={"gather_s": 0, "allow": ()})
        first = await asyncio.to_thread(self._start)
        async with Others(adviser=PATIENT, policy=rules, struck=looking).living(self.client) as world:
            handle = await self._opened(world)
            await self._struck(handle)
            self.wire.end(Fate.CUT)
            if self.forgotten:
                self._forget()
            async with self._another_worker():
                view = await self._advised(handle)
                await handle.terminate("seen")
        tries = tuple(await last_tries(handle, "consult"))
        return Aftermath(self.before, self._asked, tuple(self.model.paid), self._ledger(view), tries, first, view)

    async def _opened(self, world: World) -> Handle:
        """Temporal's development server does not find a new namespace now and then, and a moment later it does."""
        for _ in range(_TRIES):
            try:
                return await world.open(self.client, anomaly())
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
                await asyncio.sleep(1)
        raise AssertionError(f"no namespace {self.name!r} after {_TRIES} tries")

    # -- the blow

    def strike(self) -> None:
        """SIGKILL, once: who comes again lives."""
        if not self.fallen.is_set():
            self.worker.check()
            self.worker.kill()
            self.before = self._asked
            self.fallen.set()

    async def _struck(self, handle: Handle) -> None:
        """Returns when the blow has fallen; fails with the timeline where the consultation ends without one."""
        while not await until(self._has_fallen, _LOOK_S):
            view = await view_of(handle)
            assert view is None or view.advice is None, f"the blow never fell: {told(view)}"

    async def _has_fallen(self) -> bool:
        return self.fallen.is_set()

    def _lie_in_wait(self) -> None:
        self.model.clear(self._answer)
        if self.caught in {"before the store hears of it", "after the store has kept it"}:
            threading.Thread(target=self._strike_at, args=(self._hold(),), daemon=True).start()

    def _hold(self) -> Hold:
        known = (_KEEPING, _SECOND)
        kept = self.caught == "after the store has kept it"
        hold = Hold(known, "after the answer", then=_KEPT) if kept else Hold(known, "before the answer")
        self.wire.hold([hold])
        return hold

    def _strike_at(self, hold: Hold) -> None:
        hold.reached.wait()
        self.strike()

    # -- the model

    @property
    def _words(self) -> str:
        """Of its opinion, and of nobody else's."""
        return f"so it is at {self.name}"

    def _answer(self, request: ChatRequest) -> Answer:
        if not request.shown:
            minutes = int(_EARLIER.total_seconds() / 60)
            return Wants([(Tool.METRICS, {"service": "orders", "earlier_min": minutes})])
        if self.caught == "when it is asked" and not self.fallen.is_set():
            self.strike()
            return Hangs()
        first = request.evidence["candidates"][0]
        return answering((first["service"], first["category"], self._words, tuple(first["for"])))(request)

    @property
    def _asked(self) -> Tokens:
        second = sum(1 for request in tuple(self.model.asked) if request.shown)
        return len(self.model.asked) - second, second

    # -- workers

    def _start(self) -> int:
        """The one that dies, as its users run it. Returns when it is at work, with its id."""
        log = self.worker.command.log
        self.worker.start(lambda: UP in log.read_text(errors="replace"), COMES_WITHIN_S)
        return self.worker.pid

    @asynccontextmanager
    async def _another_worker(self) -> AsyncGenerator[None]:
        """For the same queues, over the same store and model. It is not killed, so it may live in this process."""
        with Pool(SecretStr(self.postgres.url(STORE))) as pool:
            store = Store(pool)
            known = Ports(
                incidents=store.incidents, audit=store.audit, memory=store.memory, evidence=store.evidence,
                postmortems=store.postmortems, maintenance=store.maintenance, ledger=store.model_calls,
                model=ChatModel(SecretStr(KEY), self.model.url), terms=PATIENT,
            )  # fmt: skip
            async with working(self.client, queues(known, KILLED), grace=timedelta(seconds=1)):
                yield

    async def _advised(self, handle: Handle) -> IncidentView:
        seen: list[IncidentView] = []

        async def ended() -> bool:
            view = await view_of(handle)
            if view is not None and view.advice is not None:
                seen.append(view)
            return bool(seen)

        assert await until(ended, COMES_WITHIN_S), f"no consultation ended: {await story(handle)}"
        return seen[0]

    # -- the store

    def _forget(self) -> None:
        with self.postgres.connect(STORE) as store:
            lost = store.execute("DELETE FROM nightshift.model_calls WHERE kept LIKE %s", [f"%{self._words}%"])
            assert lost.rowcount == 1, "it had been kept"

    def _ledger(self, view: IncidentView) -> tuple[Entry, ...]:
        asked = (
            "SELECT spent_usd::float, reserved_usd::float, kept IS NOT NULL AS kept"
            " FROM nightshift.model_calls WHERE incident = %s ORDER BY key"
        )
        with self.postgres.connect(STORE) as store, store.cursor(row_factory=class_row(Entry)) as cursor:
            return tuple(cursor.execute(asked, [view.incident]).fetchall())


@asynccontextmanager
async def staged(
    name: str, caught: Caught, temporal: TemporalServer, postgres: PostgresServer, folder: Path,
    *, forgotten: bool = False,
) -> AsyncGenerator[Consultation]:  # fmt: skip
    """All that it needs, up, but for the worker. `name`: that of its namespace too."""
    client = await temporal.connect(namespace=name)
    with ModelServer() as model, Wiretap(str(postgres.socket_folder / ".s.PGSQL.5432")) as wire:
        settings = _settings(client, temporal, model, wire, folder)
        command = [str(_PROGRAM), "worker", "--queues", ",".join(KILLED)]
        worker = ManagedProcess(Command(f"worker of {name}", command, folder / f"{name}.log", env=settings))
        try:
            yield Consultation(name, caught, client, model, wire, worker, postgres, forgotten)
        finally:
            worker.kill()


def _settings(
    client: Client, temporal: TemporalServer, model: ModelServer, wire: Wiretap, folder: Path
) -> dict[str, str]:
    price = PATIENT.price
    return {
        "TEMPORAL_ADDRESS": temporal.address, "TEMPORAL_NAMESPACE": client.namespace,
        "OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": KEY, "NIGHTSHIFT_MODEL": MODEL,
        "NIGHTSHIFT_MODEL_PRICES": f"{MODEL}={price.input_usd}/{price.output_usd}",
        "NIGHTSHIFT_POSTMORTEMS": str(folder / "postmortems"),
        "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{wire.port}/{STORE}?sslmode=disable&gssencmode=disable",
    }  # fmt: skip
