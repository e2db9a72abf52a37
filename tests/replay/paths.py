"""The ways that an incident can take, each as a short night: what is recorded once is replayed for ever."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from temporalio.client import WorkflowFailureError, WorkflowHistory
from temporalio.exceptions import CancelledError

from domain.escalation import Reason
from domain.finding import Source
from domain.incident import State
from rig.servers.temporal_test import Skipping
from tests.workflows.asking import asked, decision, frozen
from tests.workflows.night import Night, a_night
from tests.workflows.world import POLICY, Handle, World
from workflows.investigation import LAST, SOURCES

CANCELLED = "cancelled"
"""What is said of a run that has no outcome, as somebody cancelled it in Temporal."""

# Few looks, so that a history stays short: the rules are the same.
_SHORT = POLICY.model_copy(update={"watch_s": 120, "recheck_s": 60})


@dataclass(frozen=True)
class Path:
    """A world, what happens in it, and the outcome that the run has in the end (`cancelled`: it has none)."""

    name: str
    world: Callable[[], World]
    walk: Callable[[Night], Awaitable[Handle]]
    outcome: str


async def _update(handle: Handle, name: str, payload: dict[str, str]) -> None:
    await handle.execute_update(name, payload)  # pyright: ignore[reportUnknownMemberType] - the SDK leaves it open


async def _left_alone(night: Night) -> Handle:
    """Nobody says a word."""
    return await night.open()


async def _approved(night: Night) -> Handle:
    handle = await night.open()
    await _update(handle, "decide", decision(await asked(night, handle), comment="go"))
    return handle


async def _rejected(night: Night) -> Handle:
    """Dropped by one person, and fixed by another."""
    handle = await night.open()
    await handle.signal("reject", decision(await asked(night, handle), comment="the report is due"))
    return await _fixed_by_mia(night, handle)


async def _fixed_by_mia(night: Night, handle: Handle) -> Handle:
    """People are told, and one of them fixes it."""
    await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE and v.deliveries != (), "people told")
    await handle.signal("resolve", {"who": "mia", "comment": "restarted it"})
    return handle


async def _given_to_people(night: Night) -> Handle:
    """The machine finds no way; a person does."""
    return await _fixed_by_mia(night, await night.open())


async def _merged(night: Night) -> Handle:
    """The shop's edge complains a moment after the service behind it."""
    await night.open()
    await night.pass_time(seconds=10)
    return await night.open(await night.alert("SlowPages", service="gateway"), key="incident-gateway")


async def _by_itself(night: Night) -> Handle:
    alert = await night.alert()
    handle = await night.open(alert)
    night.world.value = 0.0
    await night.report(handle, alert.model_copy(update={"status": "resolved"}))
    return handle


async def _resolved_in_between(night: Night) -> Handle:
    """A person is faster than the check."""
    handle = await night.open()
    await night.until(handle, lambda v: v.state is State.VERIFYING, "verifying")
    await handle.signal("resolve", {"who": "mia"})
    return handle


async def _nothing_was_wrong(night: Night) -> Handle:
    handle = await night.open()
    await night.until(handle, lambda v: v.state is State.VERIFYING, "verifying")
    await _update(handle, "person", {"command": "false_positive", "who": "mia"})
    return handle


async def _attested_later(night: Night) -> Handle:
    """One source names it at once, and another one a minute after."""
    handle = await night.open()
    await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "a wait for more", step_s=1)
    night.world.attested_by = (Source.METRICS, Source.LOGS)
    return handle


async def _put_to_the_gate_unseen(night: Night) -> Handle:
    """Logs alone name it, and no number can be asked: looked at again, refused, and fixed by a person."""
    handle = await night.open()
    refused = Reason.GATE_REFUSED
    await night.until(handle, lambda v: any(r.reason is refused for r in v.clock.raised), "the gate's word", step_s=1)
    return await _fixed_by_mia(night, handle)


async def _cancelled(night: Night) -> Handle:
    """In the middle of the watch."""
    handle = await night.open()
    await night.until(handle, lambda v: v.state is State.WATCHING, "watching")
    await handle.cancel()
    return handle


def _usual() -> World:
    return World(policy=_SHORT)


def _frozen() -> World:
    return frozen(_usual())


def _sourceless() -> World:
    """No source answers, so that nothing can be planned."""
    return World(policy=_SHORT, failing={source for source, *_ in (*SOURCES, LAST)})


def _incurable() -> World:
    return World(policy=_SHORT, cures=(0.4,))


def _relapsing() -> World:
    return World(policy=_SHORT, cures=((0.0, 0.0, 0.4), 0.0))


def _one_source() -> World:
    return World(policy=_SHORT, confidence=0.95, attested_by=(Source.METRICS,))


def _unmeasured() -> World:
    return World(policy=_SHORT, confidence=0.95, attested_by=(Source.LOGS,), value=None)


PATHS = (
    Path("auto_resolved", _usual, _left_alone, "auto_resolved"),
    Path("approved", _frozen, _approved, "resolved_by_human"),
    Path("rejected", _frozen, _rejected, "resolved_by_human"),
    Path("expired", _frozen, _given_to_people, "resolved_by_human"),
    Path("no_plan_escalated", _sourceless, _given_to_people, "resolved_by_human"),
    Path("not_better_used_up", _incurable, _given_to_people, "resolved_by_human"),
    Path("merged", _usual, _merged, "merged"),
    Path("relapse", _relapsing, _left_alone, "auto_resolved"),
    Path("self_resolved", _usual, _by_itself, "self_resolved"),
    Path("resolved_by_person", _usual, _resolved_in_between, "resolved_by_human"),
    Path("false_positive", _usual, _nothing_was_wrong, "false_positive"),
    Path("attested_later", _one_source, _attested_later, "auto_resolved"),
    Path("gate_unseen", _unmeasured, _put_to_the_gate_unseen, "resolved_by_human"),
    Path("cancelled", _usual, _cancelled, CANCELLED),
)


async def walked(path: Path, server: Skipping) -> WorkflowHistory:
    """The history of one night on this path. Raises RuntimeError when it ends in another way than it should."""
    async with a_night(server, path.world()) as night:
        handle = await path.walk(night)
        outcome = await _ended(night, handle)
        if outcome != path.outcome:
            raise RuntimeError(f"{path.name} ended as {outcome!r}, not as {path.outcome!r}")
        return await handle.fetch_history()


async def _ended(night: Night, handle: Handle) -> str:
    try:
        return (await night.end(handle)).outcome
    except WorkflowFailureError as error:
        if isinstance(error.cause, CancelledError):
            return CANCELLED
        raise
