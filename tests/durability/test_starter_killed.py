"""A starter that is killed holds nothing: the sender repeats, and there is one incident."""

import asyncio

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from evals.chaos.collect import now
from evals.chaos.judge import judge
from evals.chaos.patients import REPORT
from evals.chaos.people import handle_of
from evals.chaos.script import Victim
from evals.chaos.sender import Sender
from evals.chaos.stage import ACTS
from tests.durability.house import COMES_WITHIN_S, ENDS_WITHIN_S, SCRAPED_S, House, only, until
from tests.durability.rows import Wire
from tests.durability.wiretap import Fate, Hold, Moment

STAGES: dict[str, tuple[Wire, Moment, bool]] = {
    "not-yet-heard": ("door", "before the answer", False),
    "heard-and-not-stored": ("temporal", "before the answer", False),
    "stored-and-not-answered": ("temporal", "after the answer", True),
    "answered-and-not-received": ("door", "after the answer", True),
}
"""On which wire, at which moment, and whether Temporal has the incident when the blow falls."""
STARTER_SERVICES = tuple(f"starter-{stage}" for stage in STAGES)


@pytest.fixture(scope="module")
async def known(house: House, client: Client) -> dict[str, bool]:
    """One alert at each stage, one blow; which of their incidents Temporal knew when it fell."""
    services = list(STARTER_SERVICES)
    for service in services:
        await asyncio.to_thread(house.stage.fall_ill, service, REPORT)
    await asyncio.sleep(SCRAPED_S)
    holds = {s: Hold((f"{s}-1".encode(),), STAGES[s.removeprefix("starter-")][1]) for s in services}
    for wire in ("door", "temporal"):
        house.wires[wire].hold([holds[s] for s in services if STAGES[s.removeprefix("starter-")][0] == wire])
    sender = Sender({ACTS: f"http://127.0.0.1:{house.wires['door'].port}"}, house.stage.token)
    for service in services:
        sender.knows(service, house.stage.patients[service].ill_since or now())
    deliveries = [asyncio.create_task(sender.deliver(ACTS, service)) for service in services]
    for service, hold in holds.items():
        assert await asyncio.to_thread(hold.reached.wait, COMES_WITHIN_S), service
    known = {service: await _known(client, service) for service in services}
    await asyncio.to_thread(house.stage.mortals.kill, Victim.STARTER)
    house.let_go(Fate.CUT)
    await asyncio.to_thread(house.stage.mortals.revive, Victim.STARTER)
    await asyncio.gather(*deliveries)
    assert sender.repeated >= len(services), "each delivery had to be repeated"
    for service in services:
        assert await until(lambda service=service: _closed(client, service), ENDS_WITHIN_S), service
    return known


async def _known(client: Client, service: str) -> bool:
    try:
        await handle_of(client, f"incident-{service}").describe()
    except RPCError:
        return False
    return True


async def _closed(client: Client, service: str) -> bool:
    described = await handle_of(client, f"incident-{service}").describe()
    return described.close_time is not None


@pytest.mark.parametrize("stage", STAGES)
async def test_killed_while_a_delivery_is_under_way_it_loses_none_and_opens_one_incident(
    house: House, client: Client, known: dict[str, bool], stage: str
) -> None:
    service = f"starter-{stage}"
    assert known[service] is STAGES[stage][2]
    evidence = only(await house.evidence(client, STARTER_SERVICES), service)
    assert judge(evidence) == ()
    assert len(evidence.incidents) == 1
