"""A starter that is killed holds nothing: the sender repeats, and there is one incident."""

import asyncio
from dataclasses import dataclass

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from evals.chaos.collect import now
from evals.chaos.judge import judge
from evals.chaos.patients import REPORT
from evals.chaos.people import approve, handle_of
from evals.chaos.script import Victim
from evals.chaos.sender import Sender
from evals.chaos.stage import ACTS, ASKS
from tests.durability.house import COMES_WITHIN_S, ENDS_WITHIN_S, SCRAPED_S, House, only, until
from tests.durability.rows import Wire
from tests.durability.wiretap import Fate, Hold, Moment

LARGE = 1200
"""Bytes. The call that opens an incident brings policy and services with it, and is compressed; others are small."""


@dataclass(frozen=True)
class Stage:
    """Where a delivery is caught. `stored`: Temporal has the incident when the blow falls."""

    wire: Wire
    moment: Moment
    stored: bool
    door: str = ACTS

    def hold(self, fingerprint: str) -> Hold:
        if self.wire == "door":
            return Hold((fingerprint.encode(),), self.moment)
        return Hold((), self.moment, at_least=LARGE)


# A starter has one connection to Temporal, so what is held there holds up its other deliveries: those come first.
STAGES: dict[str, Stage] = {
    "not-yet-heard": Stage("door", "before the answer", stored=False),
    "answered-and-not-received": Stage("door", "after the answer", stored=True),
    "heard-and-not-stored": Stage("temporal of asks", "before the answer", stored=False, door=ASKS),
    "stored-and-not-answered": Stage("temporal of acts", "after the answer", stored=True),
}
STARTER_SERVICES = tuple(f"starter-{stage}" for stage in STAGES)


@pytest.fixture(scope="module")
async def known(house: House, client: Client) -> dict[str, bool]:
    """One alert at each stage, one blow; which of their incidents Temporal knew when it fell."""
    addresses = {ACTS: f"http://127.0.0.1:{house.wires['door'].port}", ASKS: house.stage.addresses[ASKS]}
    sender = Sender(addresses, house.stage.token)
    for service in STARTER_SERVICES:
        await asyncio.to_thread(house.stage.fall_ill, service, REPORT)
        sender.knows(service, house.stage.patients[service].ill_since or now())
    await asyncio.sleep(SCRAPED_S)
    deliveries = await _caught(house, sender)
    for name, stage in STAGES.items():
        if stage.stored:
            assert await until(lambda name=name: _known(client, name), COMES_WITHIN_S), name
    known = {name: await _known(client, name) for name in STAGES}
    await asyncio.to_thread(house.stage.mortals.kill, Victim.STARTER)
    house.let_go(Fate.CUT)
    await asyncio.to_thread(house.stage.mortals.revive, Victim.STARTER)
    await asyncio.gather(*deliveries)
    assert sender.repeated >= len(STAGES), "each delivery had to be repeated"
    await approve(client, "incident-starter-heard-and-not-stored", ENDS_WITHIN_S)
    for name in STAGES:
        assert await until(lambda name=name: _closed(client, name), ENDS_WITHIN_S), name
    return known


async def _caught(house: House, sender: Sender) -> "list[asyncio.Task[None]]":
    """Each delivery where it is to be caught, one after the other."""
    holds = {name: stage.hold(f"starter-{name}-1") for name, stage in STAGES.items()}
    house.wires["door"].hold([hold for name, hold in holds.items() if STAGES[name].wire == "door"])
    deliveries: list[asyncio.Task[None]] = []
    for name, stage in STAGES.items():
        if stage.wire != "door":
            house.wires[stage.wire].hold([holds[name]])
        deliveries.append(asyncio.create_task(sender.deliver(stage.door, f"starter-{name}")))
        assert await asyncio.to_thread(holds[name].reached.wait, COMES_WITHIN_S), name
    return deliveries


async def _known(client: Client, name: str) -> bool:
    try:
        await handle_of(client, f"incident-starter-{name}").describe()
    except RPCError:
        return False
    return True


async def _closed(client: Client, name: str) -> bool:
    described = await handle_of(client, f"incident-starter-{name}").describe()
    return described.close_time is not None


@pytest.mark.parametrize("stage", STAGES)
async def test_killed_while_a_delivery_is_under_way_it_loses_none_and_opens_one_incident(
    house: House, client: Client, known: dict[str, bool], stage: str
) -> None:
    assert known[stage] is STAGES[stage].stored
    evidence = only(await house.evidence(client, STARTER_SERVICES), f"starter-{stage}")
    assert judge(evidence) == ()
    assert len(evidence.incidents) == 1
