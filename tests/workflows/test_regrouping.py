"""People merge and split incidents: every alert stays in exactly one of them, and no machine undoes their word."""

import asyncio
import threading
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError

from domain.correlation import OpenIncident, Relation
from domain.doors import Door
from domain.incident import Outcome, State
from domain.levels import Severity
from domain.message import Moment
from domain.timeline import Kind
from domain.view import IncidentView
from tests.fakes import FakeChannel, FakeIncidents
from tests.workflows.asking import asked, decide, decision, frozen, person
from tests.workflows.conftest import NightOf
from tests.workflows.night import Night, story, texts, view
from tests.workflows.telling import dark
from tests.workflows.test_merging import SlowToClose
from tests.workflows.world import Handle, World
from workflows.incident import IncidentWorkflow

_CATALOGUE, _GATEWAY = "incident-catalogue", "incident-gateway"


async def _held(night: Night, service: str = "orders") -> Handle:
    """An incident of this service that a person has, so that nothing happens to it by itself."""
    handle = await night.open(await night.alert(service=service), key=f"incident-{service}")
    await handle.signal("take", {"who": "mia"})
    await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "a person has it")
    return handle


async def _merges(handle: Handle, into: str, why: str = "the same release") -> str:
    return await person(handle, {"command": "merge", "who": "ana", "into": into, "comment": why})


async def _splits(handle: Handle, services: str) -> str:
    said = {"command": "split", "who": "ana", "services": services, "comment": "trouble of its own"}
    return await person(handle, said)


async def _refused(handle: Handle, **said: str) -> str:
    """The words of a refusal, which leaves everything as it was."""
    before = await view(handle)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await person(handle, {"who": "ana", "comment": "why not", **said})
    after = await view(handle)
    assert after.anomalies == before.anomalies
    assert (after.merged_into, after.apart) == (None, {})
    return str(refused.value.cause)


def _of(seen: IncidentView) -> set[str]:
    return {a.service for a in seen.anomalies}


async def _also(night: Night, key: str) -> Handle:
    """The incident of this key that is open now."""
    handle = night.client.get_workflow_handle_for(IncidentWorkflow.run, key)
    night.opened.append(handle)
    return handle


async def _joined(night: Night) -> tuple[Handle, Handle]:
    """orders, which a person has, with the gateway's alerts merged into it; and the gateway's own, that ended."""
    orders = await night.open()
    await orders.signal("take", {"who": "mia"})
    await night.pass_time(seconds=2)
    gateway = await night.open(await night.alert(service="gateway"), key=_GATEWAY)
    await night.end(gateway)
    await night.until(orders, lambda v: v.state is State.WAITING_FOR_PEOPLE, "a person has it")
    return orders, gateway


# -- merge -------------------------------------------------------------------------------------------------------------


async def test_a_person_merges_two_that_no_machine_would(night_of: NightOf) -> None:
    """The one ends and says so once to those who knew of it; the other has all alerts, and who said so and why."""
    email = FakeChannel("email")
    async with night_of(World(channels=(email,), confidence=0.3)) as night:
        orders, catalogue = await _held(night), await night.open(await night.alert(service="catalogue"), key=_CATALOGUE)
        await night.until(catalogue, lambda v: v.escalated, "people told")
        survivor = (await view(orders)).incident
        answer = await _merges(catalogue, survivor)
        summary = await night.end(catalogue)
        given, taken = await view(catalogue), await view(orders)
    assert answer == f"accepted: merged into {survivor} by ana (claimed): the same release"
    assert (summary.outcome, summary.merged_key) == (Outcome.MERGED, "incident-orders")
    assert (given.merged_into, given.ended_by) == (survivor, "ana (claimed)")
    assert _of(taken) == {"orders", "catalogue"}
    told = f"ana (claimed) (as {given.incident} tells)"
    assert f"merged in: {given.incident} by {told}: the same release" in texts(taken, Kind.PERSON)
    closed = [m for m in email.sent.values() if m.incident == given.incident and m.moment is Moment.CLOSED]
    assert len(closed) == 1
    assert f"It goes on in {survivor}: merged by ana (claimed): the same release" in closed[0].text


async def test_what_was_known_first_is_the_survivors_clock(night_of: NightOf) -> None:
    """The older one is merged into the younger: the target counts from the first detection of both."""
    async with night_of(dark()) as night:
        older = await _held(night, "catalogue")
        await night.pass_time(minutes=5)
        younger = await _held(night)
        began = (await view(older)).clock.detected_at
        await _merges(older, (await view(younger)).incident)
        await night.end(older)
        seen = await view(younger)
    assert seen.clock.detected_at == began


async def test_a_merge_into_nothing_that_is_open_is_refused(night: Night) -> None:
    """Into itself, into one that nobody knows, that is over, or that was merged, which says into what."""
    orders, over, merged = await _held(night), await _held(night, "catalogue"), await _held(night, "basket")
    me = (await view(orders)).incident
    await person(over, {"command": "resolve", "who": "ana"})
    names = [me, "INC-20260131-NONE00", (await night.end(over)).incident, ""]
    words = ["an incident cannot be merged into itself", "there is no incident 'INC-20260131-NONE00'",
             "is over: resolved_by_human", "into is missing"]  # fmt: skip
    for into, said in zip(names, words, strict=True):
        assert said in await _refused(orders, command="merge", into=into)
    await _merges(merged, me)
    gone = (await night.end(merged)).incident
    assert f"{gone} was merged into {me}" in await _refused(await _held(night, "stock"), command="merge", into=gone)


async def test_neither_is_said_while_an_action_is_under_way(night: Night) -> None:
    """What it did would be verified and undone by nobody."""
    into = (await view(await _held(night, "catalogue"))).incident
    night.world.remediator.free.clear()
    orders = await night.open()
    await night.until(orders, lambda v: v.state is State.ACTING, "acting", step_s=1)
    assert "an action is under way" in await _refused(orders, command="merge", into=into)
    assert "an action is under way" in await _refused(orders, command="split", services="gateway")
    night.world.let_go()
    # To end it while the action does would break the test server, by chance.
    await night.until(orders, lambda v: v.state is not State.ACTING, "acted", step_s=1)


async def test_of_two_that_are_merged_into_each_other_one_goes_on_with_all_alerts(night: Night) -> None:
    """Two people at the same moment: the store hears them one after the other, and the second one is refused."""
    orders, catalogue = await _held(night), await _held(night, "catalogue")
    names = [(await view(handle)).incident for handle in (orders, catalogue)]
    said = await asyncio.gather(
        _merges(orders, names[1]), _merges(catalogue, names[0]), return_exceptions=True
    )  # fmt: skip
    refused = [one for one in said if isinstance(one, WorkflowUpdateFailedError)]
    assert len(refused) == 1
    stays = orders if isinstance(said[0], WorkflowUpdateFailedError) else catalogue
    seen = await view(stays)
    assert not seen.state.closed
    assert _of(seen) == {"orders", "catalogue"}


async def test_a_merge_into_one_that_has_just_ended_loses_nothing(night: Night) -> None:
    """The store still shows it as open, Temporal knows better: refused, and it goes on as it was. So does the store."""
    orders, catalogue = await _held(night), await _held(night, "catalogue")
    shown = await view(catalogue)
    await person(catalogue, {"command": "resolve", "who": "ana"})
    await night.end(catalogue)
    night.world.incidents.views[shown.incident] = shown
    assert "could not take it over" in await _refused(orders, command="merge", into=shown.incident)
    me = (await view(orders)).incident
    assert night.world.incidents.open[me, "incident-orders"][1] is None


async def test_what_comes_in_after_a_merge_goes_the_same_way(night_of: NightOf) -> None:
    """Until the run has ended, alerts still go to it by its key."""
    store = SlowToClose()
    async with night_of(World(incidents=store)) as night:
        orders, catalogue = await _held(night), await _held(night, "catalogue")
        await _merges(catalogue, (await view(orders)).incident)
        await night.report(catalogue, await night.alert("Down", service="catalogue"))
        await night.pass_time(seconds=5)
        store.away = False
        summary = await night.end(catalogue)
        taken = await view(orders)
    assert summary.outcome == Outcome.MERGED
    assert [a.name for a in taken.anomalies if a.service == "catalogue"] == ["HighErrorRate", "Down"]


# -- split -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cached_runs", [1000, 0])
async def test_what_a_person_splits_stays_apart(night_of: NightOf, cached_runs: int) -> None:
    """The gateway calls orders, and both began together: the machine had merged them, and does not do so again. It is
    so as well when a worker dies after each step, and another one begins from the history.
    """
    async with night_of(World(cures=(0.4,), cached_runs=cached_runs)) as night:
        orders, _ = await _joined(night)
        before = await view(orders)
        answer = await _splits(orders, "gateway")
        gateway = await _also(night, _GATEWAY)
        seen = await night.until(gateway, lambda v: v.diagnosis is not None, "looked at for itself")
        kept = await view(orders)
    assert answer == f"accepted: gateway ({seen.incident}) split off by ana (claimed): trouble of its own"
    assert (_of(kept), _of(seen)) == ({"orders"}, {"gateway"})
    assert seen.link is not None, story(seen)
    assert (seen.link.relation, seen.link.previous) == (Relation.SPLIT, before.incident)
    assert f"by ana (claimed) (as {before.incident} tells): trouble of its own" in seen.link.reason
    assert (seen.merged_into, kept.apart, seen.apart) == (
        None, {_GATEWAY: seen.incident}, {"incident-orders": before.incident},
    )  # fmt: skip
    assert kept.severity is before.severity


async def test_the_clock_of_what_was_split_off_counts_from_its_first_detection(night_of: NightOf) -> None:
    async with night_of(World(cures=(0.4,))) as night:
        orders, _ = await _joined(night)
        began = {a.service: a.starts_at for a in (await view(orders)).anomalies}
        await night.pass_time(minutes=2)
        await _splits(orders, "gateway")
        seen = await view(await _also(night, _GATEWAY))
    assert seen.clock.detected_at == began["gateway"]


async def test_an_alert_that_was_on_its_way_goes_where_its_service_is(night_of: NightOf) -> None:
    """The starter had asked who is in charge a moment before the split."""
    async with night_of(World(cures=(0.4,))) as night:
        orders, _ = await _joined(night)
        await _splits(orders, "gateway")
        await night.report(orders, await night.alert("Down", service="gateway", severity=Severity.LOW))
        gateway = await _also(night, _GATEWAY)
        seen = await night.until(gateway, lambda v: len(v.anomalies) == 2, "both alerts")
        assert (_of(await view(orders)), _of(seen)) == ({"orders"}, {"gateway"})


async def test_a_split_that_later_alerts_would_undo_is_refused(night: Night) -> None:
    """What it is named for stays, and what it does not have cannot leave."""
    orders, _ = await _joined(night)
    own = "its alerts come here; split off the others instead: gateway"
    assert own in await _refused(orders, command="split", services="orders")
    assert own in await _refused(orders, command="split", services="gateway, orders")
    unknown = "'basket' is no service of it: it has orders, gateway"
    assert unknown in await _refused(orders, command="split", services="basket")


async def test_what_was_split_off_can_be_merged_again_by_a_person(night_of: NightOf) -> None:
    """A word of a person undoes the one before, and what leaves once more begins once more."""
    async with night_of(World(cures=(0.4,))) as night:
        orders, _ = await _joined(night)
        await _splits(orders, "gateway")
        gateway = await _also(night, _GATEWAY)
        await gateway.signal("take", {"who": "mia"})
        await night.until(gateway, lambda v: v.state is State.WAITING_FOR_PEOPLE, "a person has it")
        await _merges(gateway, (await view(orders)).incident)
        await night.end(gateway)
        again = await view(orders)
    assert (_of(again), again.apart) == ({"orders", "gateway"}, {})


# -- said between a person's yes and the act ---------------------------------------------------------------------------


async def _approved(night: Night, handle: Handle) -> None:
    """A person said yes to the plan, and what it would touch is being named."""
    night.world.remediator.may_name.clear()
    await decide(handle, decision(await asked(night, handle)))
    await night.until(handle, lambda _: night.world.remediator.naming.is_set(), "about to act", step_s=1)


async def test_what_was_planned_before_a_split_is_not_done(night_of: NightOf) -> None:
    """The plan was made and approved for the larger trouble; what is left is looked at anew, and asked about anew."""
    async with night_of(frozen(World())) as night:
        orders = await night.open()
        await night.pass_time(seconds=2)
        await night.end(await night.open(await night.alert(service="gateway"), key=_GATEWAY))
        await _approved(night, orders)
        await _splits(orders, "gateway")
        await _also(night, _GATEWAY)
        night.world.remediator.may_name.set()
        await asked(night, orders)
        first = (await view(orders)).attempts[0]
    assert (first.gate.clause, first.executed, night.world.remediator.executions) == ("regrouped", None, 0)
    assert "people merged or split the incident before anything was touched" in first.gate.reason


class SlowToAbsorb(FakeIncidents):
    """A merge waits for the store."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_to, self.may_absorb = threading.Event(), threading.Event()

    def absorb(self, me: OpenIncident, into: str) -> OpenIncident | str:
        self.asked_to.set()
        assert self.may_absorb.wait(timeout=15)
        return super().absorb(me, into)


async def test_nothing_is_done_while_a_merge_is(night_of: NightOf) -> None:
    """What is begun then would be verified and undone by nobody."""
    store = SlowToAbsorb()
    async with night_of(frozen(World(incidents=store))) as night:
        catalogue, orders = await _held(night, "catalogue"), await night.open()
        into = (await view(catalogue)).incident
        await _approved(night, orders)
        merging = asyncio.create_task(_merges(orders, into))
        await asyncio.to_thread(store.asked_to.wait, 15)
        night.world.remediator.may_name.set()
        seen = await night.until(orders, lambda v: "regrouped" in [a.gate.clause for a in v.attempts], "it stood down")
        store.may_absorb.set()
        answer = await merging
        await night.end(orders)
    assert (seen.attempts[0].executed, night.world.remediator.executions) == (None, 0)
    assert answer.startswith(f"accepted: merged into {into}")


# -- what anybody may send who reaches Temporal ------------------------------------------------------------------------


def _forged(**given: str) -> dict[str, Any]:
    told = {
        "word": "merge", "incident": "INC-20260131-FORGED", "key": "incident-basket", "who": "ana", "why": "because",
        "detected_at": "1970-01-01T00:00:00Z",
    }  # fmt: skip
    return {"anomalies": [], "given": told | given}


async def test_a_persons_word_that_another_incident_tells_is_a_claim(night: Night) -> None:
    """The signal proves nothing: neither who said it, nor since when there is trouble."""
    orders = await _held(night)
    await orders.signal("report", _forged())
    seen = await night.until(orders, lambda v: "merged in" in str(texts(v)), "told", step_s=1)
    claimed = "ana (as INC-20260131-FORGED tells)"
    assert [e.actor for e in seen.timeline if "merged in" in e.text] == [claimed]
    assert (await night.now() - seen.clock.detected_at).days <= 1
    await night.until(orders, lambda _: claimed in str(night.world.audit.rows(seen.incident)), "audited", step_s=1)
    rows = [row for row in night.world.audit.rows(seen.incident) if "merged in" in row.result]
    assert [(row.actor, row.door) for row in rows] == [(claimed, Door.SIGNAL)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"key": "incident-orders", "word": "split"}, "gave it alerts of its own key"),
        ({"word": "resolve"}, "refused: report: given.word"),
        ({"why": "because " * 1000}, "refused: report: given.why"),
    ],
)
async def test_what_no_incident_would_tell_is_refused(night: Night, given: dict[str, str], said: str) -> None:
    orders = await _held(night)
    await orders.signal("report", _forged(**given))
    seen = await night.until(orders, lambda v: said in str(texts(v)), "refused", step_s=1)
    assert seen.apart == {}
    assert seen.clock.detected_at >= seen.opened_at
