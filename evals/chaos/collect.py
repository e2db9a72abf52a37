"""Collecting the evidence: from Temporal's history, the store, the mail server, and the sessions of the patients."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime

import psycopg
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError

from activities.notification import Send
from domain.policy import Policy
from evals.chaos.evidence import Act, Incident, Letter, Order, Patient, Timer
from evals.chaos.patients import Patients
from evals.chaos.people import view_of
from rig.servers.smtp import SmtpInbox
from workflows.contract import Opening
from workflows.incident import IncidentWorkflow

_TRIES = 20
_SEND, MAIL = "send", "email"
ALL_INCIDENTS = 'WorkflowType="IncidentWorkflow"'

_LIVE = """
SELECT format('reservation of %s by %s', target, incident) FROM nightshift.reservations
WHERE ended_at IS NULL AND expires_at > now()
"""
_HELD = """
SELECT format('advisory lock %s of process %s', objid, pid) FROM pg_locks
WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_IN_TRANSACTION = """
SELECT format('transaction of process %s, open since %s', pid, xact_start) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start < now() - interval '10 seconds'
AND backend_type = 'client backend'
"""
_ACTS = """
SELECT incident, entry->>'target', (entry->>'affected')::int FROM nightshift.audit
WHERE key LIKE '%:execute' ORDER BY number
"""


class NobodyAnswersError(RuntimeError):
    """An incident gave no view, long after the last blow: nothing can be judged."""


async def incidents(client: Client) -> list[Incident]:
    """Every run of the workflow, oldest first. Raises NobodyAnswersError."""
    found = [run async for run in client.list_workflows(ALL_INCIDENTS)]
    return [await _incident(client, run) for run in sorted(found, key=lambda run: run.start_time)]


async def _incident(client: Client, run: WorkflowExecution) -> Incident:
    handle = client.get_workflow_handle_for(IncidentWorkflow.run, run.id, run_id=run.run_id)
    for _ in range(_TRIES):
        if (view := await view_of(handle)) is not None:
            break
        await asyncio.sleep(1)
    else:
        raise NobodyAnswersError(f"{run.id} ({run.status.name if run.status else 'no status'}) gives no view")
    described = await handle.describe()
    events = [event async for event in handle.fetch_history_events()]
    status = described.status.name if described.status else "UNKNOWN"
    return Incident(status, view, await _policy(client, events), timers(events), await orders(client, events, MAIL))


async def orders(client: Client, events: Sequence[HistoryEvent], channel: str) -> tuple[Order, ...]:
    """What a channel was to send. An order that was given again after it had failed has the same number."""
    found: dict[int, Order] = {}
    for event in events:
        scheduled = event.activity_task_scheduled_event_attributes
        if event.event_type is EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED and scheduled.activity_type.name == _SEND:
            (send,) = await client.data_converter.decode(scheduled.input.payloads, [Send])
            if send.channel == channel:
                found[send.number] = Order(send.number, send.moment, send.told)
    return tuple(found.values())


async def _policy(client: Client, events: Sequence[HistoryEvent]) -> Policy:
    began = events[0].workflow_execution_started_event_attributes
    opening, *_ = await client.data_converter.decode(began.input.payloads, [Opening])
    return opening.policy


def timers(events: Iterable[HistoryEvent]) -> tuple[Timer, ...]:
    """All timers of a history. One has been dealt with when the next task of the workflow is complete."""
    found: dict[str, Timer] = {}
    fresh: list[str] = []
    for event in events:
        at = event.event_time.ToDatetime(tzinfo=UTC)
        match event.event_type:
            case EventType.EVENT_TYPE_TIMER_STARTED:
                started = event.timer_started_event_attributes
                name = event.user_metadata.summary.data.decode(errors="replace").strip('"')
                found[started.timer_id] = Timer(name, at + started.start_to_fire_timeout.ToTimedelta())
            case EventType.EVENT_TYPE_TIMER_FIRED:
                key = event.timer_fired_event_attributes.timer_id
                known = found[key]
                found[key] = Timer(known.name, known.due_at, event.event_id, known.fired + 1, known.canceled)
                fresh.append(key)
            case EventType.EVENT_TYPE_TIMER_CANCELED:
                key = event.timer_canceled_event_attributes.timer_id
                known = found[key]
                found[key] = Timer(known.name, known.due_at, known.order, known.fired, known.canceled + 1)
            case EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
                for key in fresh:
                    known = found[key]
                    found[key] = Timer(known.name, known.due_at, known.order, known.fired, known.canceled, at)
                fresh.clear()
            case _:
                pass
    return tuple(found.values())


def locks(store: psycopg.Connection) -> tuple[str, ...]:
    """What is still held: targets, the locks of all incidents, transactions that nobody ends."""
    return tuple(str(row[0]) for query in (_LIVE, _HELD, _IN_TRANSACTION) for row in store.execute(query))


def acts(store: psycopg.Connection) -> tuple[Act, ...]:
    return tuple(Act(incident, target, affected) for incident, target, affected in store.execute(_ACTS))


def patients(admitted: Patients) -> tuple[Patient, ...]:
    return tuple(
        Patient(p.target, tuple(ended.sqlstate or "none" for ended in p.held.ended), len(p.bystanders.ended))
        for p in admitted
    )


def letters(inbox: SmtpInbox) -> tuple[Letter, ...]:
    """Every mail that was accepted, with the text that its reader sees."""
    found: list[Letter] = []
    for mail in inbox.mails:
        body = mail.message.get_body(("plain",))
        found.append(Letter(str(mail.message["Message-ID"]), str(body.get_content()) if body is not None else ""))
    return tuple(found)


async def running(client: Client) -> AsyncIterator[WorkflowExecution]:
    """The runs that have not ended; none while the server is away."""
    try:
        async for run in client.list_workflows(f'{ALL_INCIDENTS} AND ExecutionStatus="Running"'):
            yield run
    except RPCError:
        return


def now() -> datetime:
    return datetime.now(UTC)
