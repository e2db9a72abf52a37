"""People merge and split incidents: anomalies are given first and dropped after, so that none is ever lost."""

from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.records import Absorb, RecordActivities
    from domain.anomaly import Anomaly
    from domain.audit import AuditRow
    from domain.command import Command, CommandName
    from domain.doors import Door
    from domain.identity import group_key, incident_id
    from domain.incident import State
    from domain.levels import Severity
    from domain.regrouping import Given, first_known, parting
    from domain.timeline import Kind
    from workflows import options
    from workflows.calls import reason
    from workflows.contract import TASK_QUEUE, Report, reports
    from workflows.describe import STATIC_DETAILS, summary_of
    from workflows.giving import as_others_see, give, stands
    from workflows.record import Record

_AT_WORK = frozenset({State.ACTING, State.VERIFYING, State.UNDOING})
# An incident may end in the moment in which it is told: then it is begun anew, which may meet another beginning.
_TRIES = 3


async def regroup(record: Record, command: Command) -> str:
    """Do what the word says. The answer, in words."""
    objection = _objection(record, command.name)
    if objection is not None:
        return f"refused: {objection}"
    record.moving = True
    try:
        return await (_merge if command.name is CommandName.MERGE else _split)(record, command)
    finally:
        record.moving = False


async def takes_in(record: Record, report: Report) -> None:
    """Alerts that were reported, or given by another incident. What a person split off goes on to where it is now."""
    if report.given is not None:
        received(record, report.given)
    strays = [a for a in report.anomalies if record.apart and group_key(a) in record.apart]
    record.sees((a for a in report.anomalies if a not in strays), workflow.now())
    for key in dict.fromkeys(map(group_key, strays)):
        theirs = tuple(a for a in strays if group_key(a) == key)
        if await give(key, theirs) is not None:
            record.sees(theirs, workflow.now())  # that one has ended: better here than nowhere


def received(record: Record, given: Given) -> None:
    """Another incident's anomalies come, on a person's word, as it says: once, however often they are told."""
    once, now = f"{given.word}:{given.incident}", workflow.now()
    if once in record.received:
        return
    if given.key == record.opening.key:
        text = f"refused: {given.actor} gave it alerts of its own key, which would send its own alerts away"
        record.note(now, Kind.NOTE, "alert correlation", text)
        return
    record.received.append(once)
    if given.split:
        record.apart[given.key] = given.incident
        record.link = record.link or given.link
    else:
        record.apart.pop(given.key, None)
    record.clock = record.clock.detected_by(given.believed(now))
    record.note(now, Kind.PERSON, given.actor, given.words)
    record.audited(AuditRow(
        key=f"{record.incident}:{once}", incident=record.incident, at=now, actor=given.actor, door=Door.SIGNAL,
        action=given.word, result=given.words,
    ))  # fmt: skip


def _objection(record: Record, name: CommandName) -> str | None:
    """What is against moving its alerts now."""
    if record.state.closed or record.over or record.ending.merged_into is not None:
        return "the incident is over"
    if record.moving:
        return "it is being merged or split right now; look again, then say it once more"
    if record.state in _AT_WORK:
        return f"an action is under way ({record.state}); say it again when it is over"
    if name is CommandName.SPLIT and record.state is State.DIAGNOSED:
        return "a plan is before the safety gate right now; say it again in some seconds"
    if len(record.crowd):
        return f"{len(record.crowd):,} of its alerts are only counted, not kept, and nobody could say that they fire"
    return None


# -- merge -------------------------------------------------------------------------------------------------------------


async def _merge(record: Record, command: Command) -> str:
    """The store says who takes it over, one after the other: two that are merged into each other would both end."""
    asked = Absorb(me=as_others_see(record), into=command.into)
    try:
        answer = await workflow.execute_activity_method(
            RecordActivities.absorb, asked, summary=f"merge into {command.into[:40]}", **options.CHECK
        )
    except ActivityError as error:
        await stands(record)
        return f"refused: whether {command.into[:40]!r} is open cannot be seen: {reason(error)}"
    if answer.into is None:
        return f"refused: {answer.objection}"
    given = record.sightings
    failure = await give(answer.into.key, record.anomalies, _given(record, command, record.clock.detected_at))
    if failure is not None:
        await stands(record)
        return f"refused: {answer.into.incident} could not take it over: {failure}"
    record.handed_over, record.news = given, False
    record.ends(person=command.actor, why=command.comment, merged_into=answer.into.incident, merged_key=answer.into.key)
    record.changed(workflow.now())
    return f"accepted: merged into {answer.into.incident} by {command.actor}: {command.comment}"


async def gives_more(record: Record) -> bool:
    """What came in after a person merged it goes the same way. False: nobody did, or the other one has ended."""
    ending = record.ending
    if ending.person is None or ending.merged_key is None:
        return False
    given = record.sightings
    failure = await give(ending.merged_key, record.anomalies)
    if failure is not None:
        text = f"{ending.merged_into} could not take over what came later: {failure}"
        record.note(workflow.now(), Kind.NOTE, "alert correlation", text)
        return False
    record.handed_over = given
    return True


# -- split -------------------------------------------------------------------------------------------------------------


async def _split(record: Record, command: Command) -> str:
    """Each service goes to the incident of its own key, which begins with it unless it is open already."""
    leaving = parting(record.known.values(), record.opening.key, command.services)
    if isinstance(leaving, str):
        return f"refused: {leaving}"
    gone: list[str] = []
    for key in dict.fromkeys(leaving.values()):
        names = ", ".join(name for name, of in leaving.items() if of == key)
        if not await _leave(record, command, key):
            done = f"; {', '.join(gone)} had left before" if gone else ""
            return f"refused: {names} could not leave, as its incident began and ended meanwhile{done}"
        gone.append(f"{names} ({record.apart[key]})" if record.apart[key] else names)
    return f"accepted: {', '.join(gone)} split off by {command.actor}: {command.comment}"


async def _leave(record: Record, command: Command, key: str) -> bool:
    """Give all that has this key, with what comes in meanwhile; then drop it."""
    sent: dict[str, Anomaly] = {}
    while left := [a for a in record.known.values() if group_key(a) == key and sent.get(a.series) != a]:
        given = _given(record, command, first_known(left, record.clock.detected_at))
        incident = await _begins_or_takes(record, key, left, given)
        if incident is None:
            return False
        record.apart[key] = incident or record.apart.get(key, "")
        sent |= {a.series: a for a in left}
    record.drops(sent, workflow.now())
    return True


async def _begins_or_takes(record: Record, key: str, anomalies: list[Anomaly], given: Given) -> str | None:
    """The id of the incident that begins with them, or empty where one that is open takes them; None: neither."""
    for _ in range(_TRIES):
        begun = await _begins(record, key, anomalies, given)
        if begun is not None:
            return begun
        if await give(key, anomalies, given) is None:
            return ""
    return None


async def _begins(record: Record, key: str, anomalies: list[Anomaly], given: Given) -> str | None:
    """The id of the incident that begins with these; None: one of this key is open, or it ended before it had all. It
    begins as the starter would let it, and outlives this one.
    """
    first, *more = reports(anomalies, given)
    worst = anomalies[0]
    try:
        child = await workflow.start_child_workflow(
            workflow.info().workflow_type,
            record.opening.model_copy(update={"key": key, "first": first, "carried": None}),
            id=key,
            task_queue=TASK_QUEUE,
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
            static_summary=summary_of(worst.severity_label or Severity.MEDIUM, f"{worst.service}: {worst.title}"),
            static_details=STATIC_DETAILS,
        )
    except WorkflowAlreadyStartedError:
        return None
    child.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # how it ends is its own affair
    for report in more:
        if await give(key, report.anomalies, given) is not None:
            return None  # all are given once more, which changes nothing where they are known
    return incident_id(child.first_execution_run_id or "", workflow.now())


def _given(record: Record, command: Command, detected_at: datetime) -> Given:
    return Given(
        word=CommandName.MERGE if command.name is CommandName.MERGE else CommandName.SPLIT, incident=record.incident,
        key=record.opening.key, who=command.actor, why=command.comment, detected_at=detected_at,
    )  # fmt: skip
