"""Sources that do not answer: the incident goes on with less confidence, says what was not seen, and ends right."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio import activity

from activities.diagnosis import DiagnosisActivities
from domain.finding import Category, Finding, Presence, Source
from domain.incident import Outcome, State
from domain.question import Question
from domain.timeline import Kind
from domain.view import IncidentView
from integrations.ports import Unavailable
from tests.workflows.asking import asked
from tests.workflows.conftest import NightOf
from tests.workflows.night import Night, texts, view
from tests.workflows.world import POLICY, Handle, World
from workflows.investigation import LAST, SOURCES

ASKED = tuple(source for source, *_ in (*SOURCES, LAST))
# What database sessions say beside what a plan is built from: the real ranking makes its sentence of them.
_SESSIONS: dict[str, str | int | float | bool] = {"database": "orders", "idle": 11, "limit": 12, "oldest_s": 600.0}

# Gathering, looking, acting, settling and two samples; ten seconds are to spare for each.
_QUICK = timedelta(minutes=3)


class Weighed(World):
    """A world whose causes are ranked by the real ranking; every source says something about orders' connections."""

    def rank(self) -> Any:
        return DiagnosisActivities().rank

    def _look(self, name: str, source: Source) -> Any:
        scripted = super()._look(name, source)

        @activity.defn(name=name)
        async def look(question: Question) -> tuple[Finding, ...]:
            return tuple(_about_orders(finding, question) for finding in await scripted(question))

        return look


def _about_orders(finding: Finding, question: Question) -> Finding:
    database = finding.source is Source.DATABASE
    return finding.model_copy(update={
        "service": "orders", "onset": question.onset,
        "facts": {**finding.facts, **_SESSIONS} if database else finding.facts,
        "categories": finding.categories if database else {Category.CONNECTION_POOL: 0.5},
    })  # fmt: skip


async def _settled(night: Night, handle: Handle) -> IncidentView:
    """As soon as it is closed, or waits for somebody."""
    standing = {State.WAITING_FOR_APPROVAL, State.WAITING_FOR_PEOPLE}
    return await night.until(handle, lambda v: v.state.closed or v.state in standing, "an end, or a wait for people")


def _confidence(seen: IncidentView) -> float:
    assert seen.diagnosis is not None
    return seen.diagnosis.confidence


def _unseen(seen: IncidentView) -> dict[Source, str]:
    """What is missing, with the words for it."""
    return {f.source: f.title for f in seen.findings if f.presence is Presence.MISSING}


@pytest.fixture
async def undisturbed(night_of: NightOf) -> float:
    """The confidence when every source answers: enough to act, and to tell nobody."""
    async with night_of(Weighed()) as night:
        seen = await _settled(night, await night.open())
    assert (seen.outcome, seen.escalated) == (Outcome.AUTO_RESOLVED, False)
    assert not _unseen(seen)
    return _confidence(seen)


@pytest.mark.parametrize("source", ASKED)
async def test_a_source_that_fails_is_said_and_costs_confidence(
    night_of: NightOf, undisturbed: float, source: Source
) -> None:
    """Fixed as long as confidence is above the gate's floor, and the database has said who holds the connections: the
    plan is made of that. Else nothing is touched, and people are told.
    """
    world = Weighed(failing={source})
    async with night_of(world) as night:
        seen = await _settled(night, await night.open())
        if not seen.state.closed:
            seen = await night.until(night.opened[0], lambda v: v.escalated, "people told")
    assert _unseen(seen)[source] == f"{source}: {source} does not answer"
    assert set(_unseen(seen)) == {source}
    assert seen.diagnosis is not None
    assert source in seen.diagnosis.not_seen
    assert seen.diagnosis.confidence < undisturbed
    fixed = seen.outcome is Outcome.AUTO_RESOLVED
    assert fixed == (seen.diagnosis.confidence >= POLICY.floors.LOW and source is not Source.DATABASE)
    assert world.remediator.executions == int(fixed)


async def test_what_a_missing_source_leaves_below_the_floor_is_asked_for(night_of: NightOf) -> None:
    """Just above the floor with all sources, just below it without logs: the same plan needs a person then."""
    floor = POLICY.floors.LOW
    async with night_of(World(confidence=floor + 0.01)) as night:
        seen = await _settled(night, await night.open())
    assert (seen.outcome, _confidence(seen) >= floor) == (Outcome.AUTO_RESOLVED, True)
    world = World(confidence=floor + 0.01, failing={Source.LOGS})
    async with night_of(world) as night:
        handle = await night.open()
        seen = await night.until(handle, lambda v: v.waiting is not None and v.escalated, "a question to people")
        assert world.remediator.executions == 0
        await handle.signal("approve", {"digest": seen.waiting.digest if seen.waiting else "", "who": "ana"})
        summary = await night.end(handle)
    assert _confidence(seen) < floor
    assert seen.waiting is not None
    assert "is below" in seen.waiting.reason
    assert summary.outcome == Outcome.RESOLVED_BY_HUMAN


async def test_what_one_source_alone_says_is_asked_for_however_sure_it_is(night_of: NightOf) -> None:
    """Two sources that agree act by themselves with the same confidence."""
    async with night_of(World(confidence=0.95, attested_by=(Source.METRICS, Source.DATABASE))) as night:
        seen = await _settled(night, await night.open())
    assert (seen.outcome, seen.waiting) == (Outcome.AUTO_RESOLVED, None)
    world = World(confidence=0.95, attested_by=(Source.METRICS,))
    async with night_of(world) as night:
        handle = await night.open()
        request = await asked(night, handle)
        assert world.remediator.executions == 0
        await handle.signal("approve", {"digest": request.digest, "who": "ana"})
        summary = await night.end(handle)
    assert request.reason == "one source alone says so (metrics): a person decides"
    assert len(world.looks) == 2
    assert (summary.outcome, world.remediator.executions) == (Outcome.RESOLVED_BY_HUMAN, 1)


async def test_without_any_source_no_cause_is_named_and_people_are_told(night_of: NightOf) -> None:
    """Nothing is touched; a person reads what could not be asked, and ends it."""
    world = Weighed(failing=set(ASKED))
    async with night_of(world) as night:
        handle = await night.open()
        seen = await night.until(handle, lambda v: v.escalated and v.deliveries != (), "people told")
        await handle.signal("resolve", {"who": "mia"})
        summary = await night.end(handle)
    assert seen.diagnosis is not None
    assert (seen.diagnosis.named, seen.diagnosis.confidence) == (None, 0.0)
    assert {f"{source}: {source} does not answer" for source in ASKED} <= set(_unseen(seen).values())
    assert [r.reason for r in seen.clock.raised] == ["low_confidence", "no_plan"]
    assert world.remediator.executions == 0
    assert (summary.outcome, summary.escalated) == (Outcome.RESOLVED_BY_HUMAN, True)


async def test_a_source_that_is_back_at_the_next_attempt_is_asked_again(night_of: NightOf) -> None:
    """What was missing once is not missing for ever."""
    world = World(cures=(0.4, 0.0), failing={Source.LOGS})
    async with night_of(world) as night:
        handle = await night.open()
        await night.until(handle, lambda v: v.state is State.VERIFYING, "the first attempt", step_s=1)
        world.failing.clear()
        summary = await night.end(handle)
        seen = await view(handle)
    assert (summary.outcome, summary.attempts) == (Outcome.AUTO_RESOLVED, 2)
    assert Source.LOGS not in _unseen(seen)


async def test_a_ranking_that_fails_names_no_cause_and_people_are_told(night_of: NightOf) -> None:
    """The findings are there all the same, for the person who looks."""
    world = World(unranked=True)
    async with night_of(world) as night:
        handle = await night.open()
        seen = await night.until(handle, lambda v: v.escalated and v.deliveries != (), "people told")
    assert seen.diagnosis is not None
    assert (seen.diagnosis.named, seen.diagnosis.confidence) == (None, 0.0)
    assert seen.diagnosis.confidence_reason == "the ranking failed: the ranking is broken"
    assert {f.source for f in seen.findings if f.presence is Presence.FOUND} == set(ASKED)
    assert world.remediator.executions == 0
    assert "cause not determined" in next(iter(world.channels[0].sent.values())).text


async def test_a_store_that_is_away_delays_nothing_and_loses_nothing(night_of: NightOf) -> None:
    """The incident is fixed while nothing can be saved; when the store is back, its last view is the whole truth."""
    world = World()
    async with night_of(world) as night:
        handle = await night.open()
        await night.until(
            handle, lambda v: v.state is State.INVESTIGATING or v.diagnosis is not None, "begun", step_s=1
        )
        world.incidents.error = Unavailable("postgres is down")
        seen = await night.until(handle, lambda v: v.state is State.RESOLVED, "resolved")
        assert seen.recovered_at is not None
        assert seen.recovered_at - seen.opened_at < _QUICK
        assert world.incidents.views[seen.incident].state is not State.RESOLVED
        await night.pass_time(minutes=10)
        assert await _runs(handle), "it ends when it is saved, not before"
        world.incidents.error = None
        summary = await night.end(handle)
        last = await view(handle)
    assert summary.outcome == Outcome.AUTO_RESOLVED
    assert world.incidents.views[last.incident] == last
    assert len(texts(last, Kind.ACTION)) == 1
    assert [row.action for row in world.audit.rows(last.incident)] == ["KILL_CONNECTIONS"]


async def _runs(handle: Handle) -> bool:
    """By its history: the test server describes an attribute that was unset in a way that the SDK cannot read."""
    history = await handle.fetch_history()
    return not any(e.HasField("workflow_execution_completed_event_attributes") for e in history.events)
