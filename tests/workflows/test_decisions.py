"""A plan that waits for a person: who may decide, by which door, until when, and what everybody is answered."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from domain.escalation import Reason
from domain.incident import Outcome, State
from domain.levels import Severity
from domain.timeline import Kind
from tests.workflows.asking import asked, decide, decision, frozen, update
from tests.workflows.conftest import NightOf
from tests.workflows.night import Night, texts, view
from tests.workflows.world import POLICY, Handle, World, with_row


async def _answered(night: Night, handle: Handle, times: int) -> str:
    """The last of so many answers."""
    rows = await night.until(
        handle, lambda v: len(texts(v, Kind.DECISION, Kind.PERSON)) == times, f"{times} answers", step_s=0.1
    )
    return str(rows.last_decision)


async def _refused(handle: Handle, payload: Any, name: str = "decide") -> str:
    """The words of a refusal at the door of updates."""
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await update(handle, name, payload)
    assert isinstance(refused.value.cause, ApplicationError)
    return refused.value.cause.message


async def test_an_approval_by_signal_runs_the_plan_on_that_persons_word(night_of: NightOf) -> None:
    """The outcome is a person's, the audit log names who and by which door, and the claim is called a claim."""
    async with night_of(frozen(World())) as night:
        handle = await night.open()
        await handle.signal("approve", decision(await asked(night, handle), comment="go"))
        summary = await night.end(handle)
        seen = await view(handle)
    assert summary.outcome == Outcome.RESOLVED_BY_HUMAN
    assert seen.attempts[0].approved_by == "ana (claimed)"
    assert "accepted: approve by ana (claimed)" in str(seen.last_decision)
    rows = night.world.audit.rows(seen.incident)
    assert [(r.actor, r.door, r.action) for r in rows if r.action == "approve"] == [
        ("ana (claimed)", "signal", "approve")
    ]
    assert [(r.actor, r.affected) for r in rows if r.action == "KILL_CONNECTIONS"] == [("ana (claimed)", 3)]


async def test_an_approval_by_update_is_answered_at_once(night_of: NightOf) -> None:
    async with night_of(frozen(World())) as night:
        handle = await night.open()
        answer = await decide(handle, decision(await asked(night, handle)))
        summary = await night.end(handle)
    assert answer == "accepted: approve by ana (claimed)"
    assert summary.outcome == Outcome.RESOLVED_BY_HUMAN


async def test_the_first_eight_characters_of_a_digest_name_the_plan(night_of: NightOf) -> None:
    """That is what every surface shows, and what people copy."""
    async with night_of(frozen(World())) as night:
        handle = await night.open()
        request = await asked(night, handle)
        answer = await decide(handle, {"digest": request.digest[:8], "who": "mia"})
    assert answer == "accepted: approve by mia (claimed)"


@pytest.mark.parametrize("door", ["signal", "update"])
async def test_a_rejection_drops_the_plan_and_tells_people(night_of: NightOf, door: str) -> None:
    """Nothing is touched; the reason is in the message, and the incident waits for people."""
    async with night_of(frozen(World())) as night:
        handle = await night.open()
        said = decision(await asked(night, handle), comment="the report is due")
        if door == "signal":
            await handle.signal("reject", said)
        else:
            assert await decide(handle, {**said, "verdict": "reject"}) == "accepted: reject by ana (claimed)"
        seen = await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "waiting for people")
    assert night.world.remediator.executions == 0
    assert seen.attempts[0].gate.reason == "ana (claimed) rejected it: the report is due"
    assert "approval_refused" in [r.reason for r in seen.clock.raised]


@pytest.mark.parametrize(
    ("severity", "minutes"),
    [(Severity.CRITICAL, 5), (Severity.HIGH, 15), (Severity.MEDIUM, 30), (Severity.LOW, 240)],
)
async def test_silence_until_the_deadline_of_the_severity_escalates(
    night_of: NightOf, severity: Severity, minutes: int
) -> None:
    """Nobody decides: the plan is dropped when the time is over, not before, and people are told."""
    async with night_of(frozen(World())) as night:
        handle = await night.open(await night.alert(severity=severity))
        request = await asked(night, handle)
        await handle.signal("ack", {"who": "mia"})  # keeps the deadline of the acknowledgement out of this
        await night.pass_time(minutes=minutes, seconds=-15)
        assert (await view(handle)).state is State.WAITING_FOR_APPROVAL
        seen = await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "expired")
        late = await _refused(handle, decision(request))
    assert timedelta(minutes=minutes) == request.deadline - request.asked_at
    assert "approval_expired" in [r.reason for r in seen.clock.raised]
    assert seen.attempts[0].gate.clause == "expired"
    assert late == f"refused: the deadline passed at {request.deadline:%H:%M:%S} UTC"
    assert night.world.remediator.executions == 0


async def test_the_deadline_is_never_past_three_quarters_of_the_target(night_of: NightOf) -> None:
    """With a target of 16 minutes, HIGH's fifteen are cut to twelve, counted from the first detection."""
    policy = with_row(POLICY, Severity.HIGH, mttr_target_min=16)
    async with night_of(frozen(World(policy=policy))) as night:
        handle = await night.open()
        request = await asked(night, handle)
        opened = (await view(handle)).opened_at
    assert request.deadline == opened + timedelta(minutes=12)


async def test_a_plan_that_comes_up_after_three_quarters_of_the_target_still_waits_two_minutes(
    night_of: NightOf,
) -> None:
    """All alerts are resolved and nothing can be seen, until 20 minutes of a target of 24 are over."""
    policy = with_row(POLICY, Severity.HIGH, mttr_target_min=24)
    world = World(value=None, policy=policy)
    async with night_of(frozen(world)) as night:
        handle = await night.open(await night.alert(resolved=True))
        await night.pass_time(minutes=20)
        assert (await view(handle)).waiting is None
        world.value = 0.4
        request = await asked(night, handle)
    assert request.deadline - request.asked_at == timedelta(minutes=2)


async def test_another_plans_digest_decides_nothing(night_of: NightOf) -> None:
    async with night_of(frozen(World())) as night:
        handle = await night.open()
        request = await asked(night, handle)
        words = await _refused(handle, {"digest": "0" * 64, "who": "ana"})
        assert (await view(handle)).state is State.WAITING_FOR_APPROVAL
    assert words == f"refused: digest 00000000 is not {request.digest[:8]}, the plan that is waiting"


async def test_who_is_not_listed_decides_nothing(night_of: NightOf) -> None:
    """The refusal is in the audit log, with the name that was claimed."""
    async with night_of(frozen(World())) as night:
        handle = await night.open()
        words = await _refused(handle, decision(await asked(night, handle), who="eve"))
        seen = await night.until(handle, lambda v: v.last_decision is not None, "an answer")
        assert seen.state is State.WAITING_FOR_APPROVAL
        await night.pass_time(seconds=5)
    assert words == "refused: 'eve' is not an approver of risk LOW"
    assert [r.result for r in night.world.audit.rows(seen.incident) if r.actor.startswith("eve")] == [words]


async def test_only_the_first_decision_counts(night_of: NightOf) -> None:
    """A rejection after the approval changes nothing, and is told so."""
    async with night_of(frozen(World())) as night:
        handle = await night.open()
        request = await asked(night, handle)
        night.world.remediator.free.clear()
        await decide(handle, decision(request))
        words = await _refused(handle, {**decision(request, "mia"), "verdict": "reject"})
        night.world.remediator.free.set()
        summary = await night.end(handle)
    assert words.startswith("refused: already decided: approve by ana (claimed) at ")
    assert summary.outcome == Outcome.RESOLVED_BY_HUMAN


async def test_without_a_plan_that_waits_there_is_nothing_to_decide(night: Night) -> None:
    handle = await night.open()
    assert await _refused(handle, {"digest": "0" * 64, "who": "ana"}) == "refused: no plan is waiting for a decision"


MALFORMED: list[tuple[str, tuple[Any, ...], str]] = [
    ("approve", (), "it came without data"),
    ("approve", ("",), "it came without data"),
    ("approve", ("yes please",), "the data is not JSON"),
    ("approve", (["yes"],), "the data is a list"),
    ("approve", (7,), "the data is a int"),
    ("approve", ({"digest": "x", "who": "ana", "coment": "typo"},), "unknown field 'coment'"),
    ("approve", ({"digest": 7, "who": "ana"},), "digest is a int, not text"),
    ("approve", ({"who": "ana"},), "digest is missing or empty"),
    ("reject", ({"digest": "x"}, {"who": "ana"}), "the data is a list"),
    ("aprove", ({"digest": "x", "who": "ana"},), "there is no signal 'aprove'"),
    ("ack", (), "it came without data"),
    ("take", ({},), "who is missing or empty"),
    ("resolve", (True,), "the data is a bool"),
    ("false_positive", ({"who": ["ana"]},), "who is a list, not text"),
    ("report", (), "report: data"),
    ("report", ("nonsense",), "report: data"),
    ("report", ({"anomalies": [{"source": "x"}]},), "report: anomalies.0.fingerprint"),
]


async def test_no_signal_whatever_it_carries_stops_an_incident(night_of: NightOf) -> None:
    """Empty, text, list, number, typos, too many, misspelt: each is answered in the current details, and it goes on."""
    async with night_of(frozen(World())) as night:
        handle = await night.open()
        request = await asked(night, handle)
        for times, (name, data, words) in enumerate(MALFORMED, start=1):
            await handle.signal(name, args=list(data))
            assert words in await _answered(night, handle, times), name
        await handle.signal("approve", decision(request))
        summary = await night.end(handle)
    assert summary.outcome == Outcome.RESOLVED_BY_HUMAN


UNREADABLE: list[tuple[str, tuple[Any, ...], str]] = [
    ("decide", (), "it came without data"),
    ("decide", ("yes",), "the data is not JSON"),
    ("decide", ([],), "the data is a list"),
    ("decide", ({"digest": "x"}, 1), "the data is a list"),
    ("decide", ({"digest": "x", "who": "ana", "verdict": "rejct"},), "verdict is 'rejct', not one of approve, reject"),
    ("person", (), "it came without data"),
    ("person", ({"command": "resolv", "who": "ana"},), "command is 'resolv', not one of ack, take"),
    ("person", (3,), "the data is a int"),
]


@pytest.mark.parametrize(("name", "data", "words"), UNREADABLE, ids=lambda value: str(value)[:30])
async def test_an_unreadable_update_is_refused_in_our_words(
    night: Night, name: str, data: tuple[Any, ...], words: str
) -> None:
    """The validator answers, so that nothing of it gets into history."""
    handle = await night.open()
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await update(handle, name, *data)
    assert words in str(refused.value.cause)
    history = await handle.fetch_history()
    assert not [e for e in history.events if e.HasField("workflow_execution_update_accepted_event_attributes")]


@pytest.mark.parametrize(
    ("shows", "clause", "reason"),
    [
        (0.0, "recovered", "all that was seen to be anomalous is in band now"),
        (None, "precheck", "nobody could tell whether it worked"),
    ],
)
async def test_what_was_approved_is_not_done_when_by_then_it_is_well_or_cannot_be_seen(
    night_of: NightOf, shows: float | None, clause: str, reason: str
) -> None:
    """Its alert still fires: the sender says later that it is over. The look before the question is minutes old."""
    async with night_of(frozen(World())) as night:
        handle = await night.open()
        request = await asked(night, handle)
        night.world.value = shows
        await handle.signal("approve", decision(request))
        seen = await night.until(handle, lambda v: v.waiting is None and bool(v.attempts), "decided", step_s=1)
        await night.until(handle, lambda v: v.state in {State.WATCHING, State.WAITING_FOR_PEOPLE}, "what then")
    assert seen.attempts[0].gate.clause == clause
    assert reason in seen.attempts[0].gate.reason
    assert ("gate_refused" in {r.reason for r in seen.clock.raised}) is (shows is None)
    assert night.world.remediator.executions == 0


async def test_a_second_attempt_is_not_made_on_what_is_in_band_by_then(night_of: NightOf) -> None:
    """The first one needed longer than its verification: acting again would break what it has mended."""
    world = World(cures=((0.4, 0.4, 0.0),))
    async with night_of(world) as night:
        handle = await night.open()
        summary = await night.end(handle)
        seen = await view(handle)
    assert world.remediator.executions == 1
    assert summary.outcome == Outcome.SELF_RESOLVED
    assert [a.gate.clause for a in seen.attempts[1:]] == ["recovered"]


async def test_a_question_that_became_moot_takes_no_answer(night_of: NightOf) -> None:
    """It recovered while people thought: the plan does not wait any more, and an approval has nothing to approve."""
    async with night_of(frozen(World())) as night:
        alert = await night.alert()
        handle = await night.open(alert)
        request = await asked(night, handle)
        night.world.value = 0.0
        await night.report(handle, alert.model_copy(update={"status": "resolved"}))
        await night.until(handle, lambda v: v.state is State.WATCHING, "watching")
        words = await _refused(handle, decision(request))
        summary = await night.end(handle)
    assert words == "refused: no plan is waiting for a decision"
    assert (summary.outcome, night.world.remediator.executions) == (Outcome.SELF_RESOLVED, 0)


async def test_resolved_alerts_over_sick_numbers_leave_time_to_decide(night_of: NightOf) -> None:
    """All alerts are resolved already when the plan is asked for: that settles nothing, a person still decides."""
    async with night_of(frozen(World())) as night:
        alert = await night.alert()
        handle = await night.open(alert)
        await night.report(handle, alert.model_copy(update={"status": "resolved"}))
        request = await asked(night, handle)
        await night.pass_time(minutes=3)
        assert await decide(handle, decision(request)) == "accepted: approve by ana (claimed)"


async def test_a_second_plan_is_asked_for_anew(night_of: NightOf) -> None:
    """Not better after the first approval: the next attempt has a digest of its own, and people are told again."""
    async with night_of(frozen(World(cures=(0.4, 0.0)))) as night:
        handle = await night.open()
        first = await asked(night, handle)
        await decide(handle, decision(first))
        await night.until(handle, lambda v: v.waiting is None, "acting")
        second = await asked(night, handle)
        seen = await night.until(handle, lambda v: len(v.clock.told) >= 2, "told of the second one", step_s=1)
        stale = await _refused(handle, decision(first))
        await decide(handle, decision(second))
        summary = await night.end(handle)
    assert first.digest != second.digest
    assert [r.reason for r in seen.clock.raised].count(Reason.APPROVAL_NEEDED) == 2
    assert stale.startswith(f"refused: digest {first.digest[:8]} is not")
    assert (summary.outcome, summary.attempts) == (Outcome.RESOLVED_BY_HUMAN, 2)


async def test_the_clock_of_the_workflow_decides_when_it_is_too_late(night_of: NightOf) -> None:
    """What was decided by whom is in the timeline, in order."""
    async with night_of(frozen(World())) as night:
        handle = await night.open()
        request = await asked(night, handle)
        await _refused(handle, decision(request, "eve"))
        await handle.signal("approve", decision(request))
        await night.end(handle)
        said = texts(await view(handle), Kind.DECISION)
    assert ["eve" in said[0], "accepted: approve by ana" in said[1]] == [True, True]


async def test_updates_after_the_close_find_nobody(night: Night) -> None:
    """Temporal answers NOT_FOUND, which the surfaces put into words."""
    handle = await night.open()
    await night.end(handle)
    with pytest.raises(RPCError) as gone:
        await decide(handle, {"digest": "0" * 64, "who": "ana"})
    assert gone.value.status is RPCStatusCode.NOT_FOUND


async def test_an_approver_gets_more_time_once_and_the_plan_waits_for_so_much_longer(night_of: NightOf) -> None:
    """The moved deadline is on the page, in the audit log and in the thread's news; an approval within it counts."""
    async with night_of(frozen(World())) as night:
        handle = await night.open(await night.alert(severity=Severity.HIGH))
        request = await asked(night, handle)
        answer = await decide(handle, decision(request, verdict="extend", comment="asking the owner"))
        again = await _refused(handle, decision(request, who="mia", verdict="extend"))
        moved = await asked(night, handle)
        await night.pass_time(seconds=(request.deadline - await night.now()).total_seconds() + 30)
        late = await decide(handle, decision(request))
        await night.end(handle)
        seen = await view(handle)
    assert request.extends_to == moved.deadline == request.deadline + timedelta(minutes=5)
    assert answer == f"accepted: extend by ana (claimed): the deadline is {moved.deadline:%H:%M:%S} UTC now"
    assert again == f"refused: ana (claimed) has moved the deadline already, to {moved.deadline:%H:%M:%S} UTC"
    assert late == "accepted: approve by ana (claimed)"
    assert [d.verdict for d in seen.decisions] == ["approve"], "more time is no decision"
    rows = night.world.audit.rows(seen.incident)
    assert [r.actor for r in rows if r.action == "extend"] == ["ana (claimed)", "mia (claimed)"]


async def test_a_moved_deadline_ends_too(night_of: NightOf) -> None:
    async with night_of(frozen(World())) as night:
        handle = await night.open(await night.alert(severity=Severity.HIGH))
        request = await asked(night, handle)
        await decide(handle, decision(request, verdict="extend"))
        until = request.deadline + timedelta(minutes=5)
        await night.pass_time(seconds=(until - await night.now()).total_seconds() + 10)
        seen = await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "waiting for people")
        late = await _refused(handle, decision(request))
    assert f"nobody decided on {request.digest[:8]} by {until:%H:%M:%S} UTC" in texts(seen, Kind.DECISION)
    assert Reason.APPROVAL_EXPIRED in [r.reason for r in seen.clock.raised]
    assert night.world.remediator.executions == 0
    assert late.startswith("refused:")
