"""Neighbours in trouble at the same time are one incident: one hands over, the other goes on with both."""

from domain.correlation import OpenIncident
from domain.incident import Outcome, State
from domain.policy import Verification
from domain.timeline import Kind
from domain.view import IncidentView
from integrations.ports import Unavailable
from tests.fakes import FakeIncidents
from tests.workflows.conftest import NightOf
from tests.workflows.night import Night, texts, view
from tests.workflows.world import POLICY, Handle, World

_GATEWAY = "incident-gateway"
# The survivor is busy with its own fix for long.
_PATIENT = POLICY.model_copy(update={"verification": Verification(settle_s=1200, samples=2, every_s=15, scrape_s=15)})


async def _both(night: Night) -> tuple[Handle, Handle]:
    """orders, and two seconds later the gateway that calls it."""
    orders = await night.open()
    await night.pass_time(seconds=2)
    return orders, await night.open(await night.alert("SlowGateway", service="gateway"), key=_GATEWAY)


async def test_a_neighbours_incident_takes_it_over_and_shows_both(night: Night) -> None:
    """The younger ends as merged without a word to anybody; the survivor knows both services, and fixes it."""
    orders, gateway = await _both(night)
    merged = await night.end(gateway)
    await night.open(await night.alert("SlowGateway", service="gateway", resolved=True))
    summary = await night.end(orders)
    survivor, given = await view(orders), await view(gateway)
    assert (merged.outcome, given.state) == (Outcome.MERGED, State.MERGED)
    assert (given.merged_into, given.merged_key) == (survivor.incident, "incident-orders")
    assert (given.diagnosis, given.postmortem, given.clock.told) == (None, None, ())
    assert survivor.services == ("orders", "gateway")
    assert {a.name for a in survivor.anomalies} == {"HighErrorRate", "SlowGateway"}
    assert summary.outcome == Outcome.AUTO_RESOLVED


async def test_a_storm_that_is_mostly_counted_stands_for_itself(night: Night) -> None:
    """Handed over would be only what is kept: nobody would know any more that the rest fires."""
    await night.open()
    await night.pass_time(seconds=2)
    many = [await night.alert("SlowPod", service="gateway", fingerprint=f"pod-{number}") for number in range(700)]
    gateway = await night.open(*many[:100], key=_GATEWAY)
    for first in range(100, 700, 100):
        await night.report(gateway, *many[first : first + 100])
    seen = await night.until(gateway, lambda v: v.diagnosis is not None, "looked at for itself", step_s=1)
    assert (seen.merged_into, seen.alerts) == (None, 700)
    assert any("does not take it over" in text for text in texts(seen, Kind.NOTE))


async def test_those_who_do_not_call_each_other_stay_apart(night: Night) -> None:
    """The catalogue is called by the gateway too, but a hub does not connect its neighbours."""
    orders = await night.open()
    catalogue = await night.open(await night.alert(service="catalogue"), key="incident-catalogue")
    await night.until(catalogue, lambda v: v.diagnosis is not None, "looked at for itself", step_s=1)
    assert (await view(catalogue)).merged_into is None
    assert (await view(orders)).services == ("orders",)


async def test_after_five_minutes_it_stands_for_itself(night_of: NightOf) -> None:
    """What began later than that is trouble of its own."""
    async with night_of(World(cures=(0.4,))) as night:
        await night.open()
        await night.pass_time(minutes=6)
        gateway = await night.open(await night.alert(service="gateway"), key=_GATEWAY)
        seen = await night.until(gateway, lambda v: v.diagnosis is not None, "looked at for itself", step_s=1)
    assert seen.merged_into is None


async def test_a_survivor_that_has_closed_takes_nothing(night: Night) -> None:
    """The store still shows it as open, Temporal knows better: the incident stands for itself, and says why."""
    now = await night.now()
    gone = OpenIncident(
        incident="INC-20260131-GONE00", key="incident-catalogue", services=("catalogue",), onset=now, opened_at=now
    )  # fmt: skip
    night.world.incidents.open["INC-20260131-GONE00", "incident-catalogue"] = (gone, None)
    gateway = await night.open(await night.alert(service="gateway"), key=_GATEWAY)
    summary = await night.end(gateway)
    assert summary.outcome == Outcome.AUTO_RESOLVED
    said = [text for text in texts(await view(gateway), Kind.NOTE) if "could not take it over" in text]
    assert len(said) == 1
    me = (await view(gateway)).incident
    assert night.world.incidents.open[me, _GATEWAY][1] is None  # others may be merged into it


async def test_what_comes_back_after_it_was_merged_joins_the_survivor(night_of: NightOf) -> None:
    """A new episode of the gateway's alert, while the survivor is open: a run of its own hands it over again."""
    async with night_of(World(policy=_PATIENT)) as night:
        orders, gateway = await _both(night)
        first = await night.until(gateway, lambda v: v.state.closed, "merged")
        await night.pass_time(minutes=7)
        again = await night.open(await night.alert("SlowGateway", service="gateway"), key=_GATEWAY)
        second = await night.until(again, lambda v: v.state.closed, "merged again", step_s=1)
        survivor = await view(orders)
    assert second.incident != first.incident
    assert second.merged_into == survivor.incident
    assert second.link is not None
    assert second.link.relation == "joins"
    assert max(a.starts_at for a in survivor.anomalies) == second.onset


class SlowToClose(FakeIncidents):
    """Cannot be told of a merged incident while `away`, so that its workflow stays open after it handed over."""

    away = True

    def save(self, view: IncidentView) -> None:
        if self.away and view.state is State.MERGED:
            raise Unavailable("the store is away")
        super().save(view)


async def test_what_comes_in_after_the_handover_reaches_the_survivor_too(night_of: NightOf) -> None:
    """Until the run has ended, alerts still go to it by its key: they are handed on, not lost."""
    store = SlowToClose()
    async with night_of(World(incidents=store, policy=_PATIENT)) as night:
        orders, gateway = await _both(night)
        await night.until(gateway, lambda v: v.state is State.MERGED, "handed over", step_s=1)
        await night.report(gateway, await night.alert("GatewayDown", service="gateway"))
        store.away = False
        await night.until(gateway, lambda v: "GatewayDown" in {a.name for a in v.anomalies}, "reported", step_s=1)
        summary = await night.end(gateway)
        survivor = await view(orders)
    assert summary.outcome == Outcome.MERGED
    assert {a.name for a in survivor.anomalies} == {"HighErrorRate", "SlowGateway", "GatewayDown"}


async def test_when_nobody_can_say_whether_a_neighbour_covers_it_it_stands_for_itself(night_of: NightOf) -> None:
    """The store is away while it is asked: two incidents are better than none, and the reason is said."""
    world = World()
    world.incidents.error = Unavailable("the store is away")
    async with night_of(world) as night:
        handle = await night.open()
        await night.until(handle, lambda v: v.state is State.WATCHING, "fixed without the store")
        world.incidents.error = None
        summary = await night.end(handle)
        seen = await view(handle)
    assert summary.outcome == Outcome.AUTO_RESOLVED
    assert world.incidents.views[seen.incident] == seen
    notes = texts(seen, Kind.NOTE)
    assert any("what was before is not known: the store is away" in note for note in notes)
    assert any("whether a neighbour's incident covers it is not known: the store is away" in note for note in notes)
