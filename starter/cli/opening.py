"""`nightshift open`: a person has seen trouble that no alert has told of."""

import asyncio
import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.service import RPCError

from config.settings import load_settings
from config.temporal import connect
from domain.anomaly import Anomaly
from domain.identity import group_key, incident_id
from domain.levels import Severity
from starter.away import TemporalAway, answered
from starter.cli.control import Who, claimed
from starter.cli.listing import AsJson
from starter.cli.output import output_of
from starter.console.filters import moment, one
from starter.house import house_of
from starter.intake import TemporalIntake
from starter.untrusted import clean
from workflows.search_attributes import INCIDENT

_LONGEST_TITLE = 300
_LONGEST_NAME = 200
_BY_HAND = "OpenedByHand"


def open_incident(
    context: typer.Context,
    service: Annotated[str, typer.Option(help="The service in trouble, as services.yaml and metrics name it.")],
    title: Annotated[str, typer.Option(help="What is seen, in a few words.")],
    severity: Annotated[str, typer.Option(help="LOW, MEDIUM, HIGH or CRITICAL.")] = "MEDIUM",
    since: Annotated[str, typer.Option(help="When it began: a moment, or an age such as 20m. Without it: now.")] = "",
    who: Who = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Open an incident by hand; it joins the one that is open for this service, if there is one."""
    output = output_of(context)
    try:
        anomaly = seen(service, title, severity, since, claimed(who), datetime.now(UTC))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    incident, joined = asyncio.run(_open(anomaly))
    if as_json:
        output.line(json.dumps({"incident": incident, "joined": joined}))
    else:
        output.line(incident)
        output.note("joined what was open for this service" if joined else f"opened; nightshift watch {incident}")


def seen(service: str, title: str, severity: str, since: str, who: str, now: datetime) -> Anomaly:
    """What a person saw as an anomaly. The same sight again is the same series. Raises ValueError.

    Its labels name a rule that no source of alerts knows, so that none of them says that it does not fire.
    """
    name, said = clean(service, _LONGEST_NAME), clean(title, _LONGEST_TITLE)
    if not name or not said:
        raise ValueError("service and title: neither may be empty")
    began = moment("since", since, now) or now
    if began > now:
        raise ValueError(f"since: {since!r} is still to come")
    return Anomaly(
        source="person", fingerprint=hashlib.sha256(f"{name}\n{said}".encode()).hexdigest()[:16], name=_BY_HAND,
        service=name, title=said, starts_at=began, seen_at=now, severity_label=one(Severity, "severity", severity),
        labels={"alertname": f"person:{_BY_HAND}", "service": name, "opened_by": who},
    )  # fmt: skip


async def _open(anomaly: Anomaly) -> tuple[str, bool]:
    """The incident's id, and whether it was open already. Raises TemporalAway, ConfigError."""
    settings = load_settings()
    client = await connect(settings, lazy=True)
    before = await _described(client, group_key(anomaly))
    (key,) = await TemporalIntake(client, house_of(settings)).accept([anomaly])
    run = await _described(client, key)
    if run is None:
        raise TemporalAway("Temporal: it was accepted, and is not to be seen yet")
    joined = key != group_key(anomaly) or (before is not None and before.run_id == run.run_id)
    # The workflow says its own id as soon as a worker has it; until then it is derived as the workflow does.
    first = run.raw_description.workflow_execution_info.first_run_id or run.run_id
    return run.typed_search_attributes.get(INCIDENT) or incident_id(first, run.start_time), joined


async def _described(client: Client, key: str) -> WorkflowExecutionDescription | None:
    """The newest run of a key while it is open or has just been, None when there never was one."""
    try:
        async with answered():
            return await client.get_workflow_handle(key).describe()
    except RPCError:  # NOT_FOUND: everything else is TemporalAway already
        return None
