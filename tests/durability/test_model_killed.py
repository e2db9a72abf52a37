"""The worker is killed while it asks a language model: what was answered and kept is not paid for again."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from domain.advice.money import cost_usd
from domain.advice.talk import Usage
from domain.advice.weighing import Standing
from integrations.store.migrate import migrate
from rig.servers.postgres import PostgresServer
from rig.servers.search_attributes import Keys
from rig.servers.temporal import TemporalServer
from tests.durability.consultation import PATIENT, STORE, Aftermath, Caught, Tokens, staged
from tests.workflows.world import World

# Each of them is waited for at a bound of its own; together they may be longer than others here.
pytestmark = pytest.mark.timeout(1200)


@dataclass(frozen=True)
class Moment:
    """`before`: requests at the model's server when the blow falls, first and second calls. `second`: second calls when
    all is over. `paid`: answers that the server gave; `kept`: which of them were recorded, in order. `lost`: what may
    have been paid for the second call is booked in full, and there is no opinion.
    """

    caught: Caught
    before: Tokens
    second: int
    paid: int
    kept: tuple[int, ...]
    lost: bool = False
    forgotten: bool = False


MOMENTS: dict[str, Moment] = {
    "between-two-calls": Moment("while it looks", (1, 0), second=1, paid=2, kept=(0, 1)),
    "asked-and-not-answered": Moment("when it is asked", (1, 1), second=1, paid=1, kept=(0,), lost=True),
    "answered-and-not-kept": Moment("before the store hears of it", (1, 1), second=1, paid=2, kept=(0,), lost=True),
    "kept-and-not-told": Moment("after the store has kept it", (1, 1), second=1, paid=2, kept=(0, 1)),
    # The control: what was kept is lost, and the very same is counted as two, on the server alone.
    "kept-and-then-lost": Moment(
        "after the store has kept it", (1, 1), second=2, paid=3, kept=(0, 2), forgotten=True
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def temporal(run_folder: Path, search_attributes: Keys) -> Iterator[TemporalServer]:
    """With a namespace for each."""
    folder = run_folder / "temporal-of-consultations"
    with TemporalServer(folder, search_attributes=search_attributes, namespaces=tuple(MOMENTS)) as server:
        yield server
        assert server.process is not None
        server.process.kill()  # nobody waits for a goodbye


@pytest.fixture(scope="module")
async def consultations(
    temporal: TemporalServer, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, "asyncio.Task[Aftermath]"]]:
    """Side by side, as each of them mostly waits; one that fails leaves the others alone."""
    migrate(SecretStr(postgres.create_database(STORE)))
    folder = tmp_path_factory.mktemp("consultations")
    async with AsyncExitStack() as stack:
        running: dict[str, asyncio.Task[Aftermath]] = {}
        for name, moment in MOMENTS.items():
            stage = staged(name, moment.caught, temporal, postgres, folder, forgotten=moment.forgotten)
            consultation = await stack.enter_async_context(stage)
            running[name] = asyncio.create_task(consultation.live_through())
        yield running
        await asyncio.wait(running.values())
    postgres.drop_database(STORE)


@pytest.fixture(params=MOMENTS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def after(consultations: dict[str, "asyncio.Task[Aftermath]"], name: str) -> Aftermath:
    return await consultations[name]


def usd(tokens: Sequence[Tokens]) -> float:
    """What the server would bill for them."""
    return sum(cost_usd(Usage(input_tokens=i, output_tokens=o), PATIENT.price) for i, o in tokens)


def test_the_blow_falls_where_it_is_meant_to_and_another_worker_goes_on(name: str, after: Aftermath) -> None:
    """A call that it fell into is tried again when the worker's heart has been silent for long enough. One that comes
    after it may be given to the dead at first, as long as Temporal does not know of its death.
    """
    moment = MOMENTS[name]
    assert after.before == moment.before
    assert [call.process for call in after.tries] == [after.killed, os.getpid()]
    assert after.tries[1].after_silence or moment.before == (1, 0)


def test_an_answer_is_paid_for_once_and_a_call_without_one_is_not_made_again(name: str, after: Aftermath) -> None:
    """But for the control: without what was kept the same is asked, answered and paid for twice."""
    moment = MOMENTS[name]
    assert after.asked == (1, moment.second)
    assert len(after.paid) == moment.paid


def test_the_incident_has_the_opinion_that_was_paid_for_or_says_why_there_is_none(name: str, after: Aftermath) -> None:
    advice, diagnosis = after.advice, after.view.diagnosis
    assert advice.consultations == 1
    assert diagnosis is not None
    assert (diagnosis.confidence, diagnosis.advised) == (World().confidence, False), "the statistical answer stands"
    if MOMENTS[name].lost:
        assert advice.standing is None
        assert "the worker that asked died before the answer was kept" in advice.said
    else:
        assert advice.standing is Standing.AGREES, advice.said
        assert [claim.text for s in advice.suspects for claim in s.claims] == [f"so it is at {name}"]


def test_tokens_and_cost_are_what_the_server_counted_and_a_lost_call_counts_in_full(
    name: str, after: Aftermath
) -> None:
    """For each answer that was recorded; within the limit of an incident."""
    moment, advice = MOMENTS[name], after.advice
    recorded = [after.paid[number] for number in moment.kept]
    assert [(call.usage.input_tokens, call.usage.output_tokens) for call in advice.calls] == recorded
    assert advice.tokens == sum(map(sum, recorded))
    assert [entry.spent_usd for entry in after.ledger if entry.kept] == pytest.approx([usd([one]) for one in recorded])
    reserved = [entry.reserved_usd for entry in after.ledger if not entry.kept]
    assert len(reserved) == moment.lost
    booked = usd(recorded) + sum(reserved)
    assert booked <= PATIENT.usd_per_incident
    # On a machine that does much else the ledger may not answer in time at the end; then the incident says so.
    assert advice.at_least or (advice.usd, advice.unanswered_usd) == pytest.approx((booked, sum(reserved)))
    if not moment.forgotten:
        assert usd(after.paid) <= booked, "the incident knows of all that was paid"
