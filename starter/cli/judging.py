"""`nightshift feedback`: a person says whether the cause was right. It corrects what is remembered."""

import asyncio
import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import ValidationError

from activities.learning import remembered
from domain.audit import AuditRow
from domain.feedback import Feedback, read_cause
from domain.incident import Outcome
from domain.view import IncidentView
from starter.cli.control import Who, claimed
from starter.cli.exits import Exit, Stop
from starter.cli.listing import AsJson, Name
from starter.cli.output import output_of
from starter.cli.session import Session, session


class Judgement(StrEnum):
    """--cause."""

    RIGHT = "right"
    WRONG = "wrong"


def feedback(
    context: typer.Context,
    incident: Name,
    cause: Annotated[Judgement | None, typer.Option(help="Was the cause right?")] = None,
    right: Annotated[str | None, typer.Option(help="The right one: CATEGORY@SERVICE.")] = None,
    comment: Annotated[str, typer.Option(help="How it is known.")] = "",
    who: Who = None,
    *,
    false_positive: Annotated[bool, typer.Option("--false-positive", help="Nothing was wrong.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say whether the cause was right. What you say is shown, and replaces what the machine remembers."""
    output = output_of(context)
    if (cause is Judgement.WRONG) != (right is not None):
        raise typer.BadParameter("--cause wrong and --right CATEGORY@SERVICE belong together")
    try:
        category, service = read_cause(right) if right is not None else (None, None)
        said = Feedback(
            incident=incident, at=datetime.now(UTC), who=claimed(who), right=cause is Judgement.RIGHT,
            category=category, service=service, false_positive=false_positive, comment=comment.strip(),
        )  # fmt: skip
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--right") from error
    kept, learned = asyncio.run(_keep(said))
    if as_json:
        output.line(json.dumps(kept.model_dump(mode="json") | {"learned": learned}))
        return
    output.line(f"{kept.incident}: {kept.words}")
    output.note("what is remembered was corrected" if learned else "it is learned when the incident closes")


async def _keep(said: Feedback) -> tuple[Feedback, bool]:
    """What was recorded, and whether memory knows it by now."""
    async with session() as run:
        view = (await run.incident(said.incident)).view
        _refuse(view, said)
        named = said.model_copy(update={"incident": view.incident})
        return named, await asyncio.to_thread(_record, run, view, named)


def _refuse(view: IncidentView, said: Feedback) -> None:
    """Raises Stop for what would mean nothing."""
    if view.merged_into is not None:
        text = f"{view.incident} goes on in {view.merged_into}: say it of that one; nothing was recorded"
        raise Stop(Exit.REFUSED, text)
    if said.right and (view.diagnosis is None or view.diagnosis.named is None):
        raise Stop(Exit.REFUSED, f"no cause of {view.incident} was named that could be right; nothing was recorded")


def _record(run: Session, view: IncidentView, said: Feedback) -> bool:
    run.store.feedback.add(said)
    run.store.audit.append(AuditRow(
        key=f"{view.incident}:feedback:{said.at.isoformat()}", incident=view.incident, at=said.at, actor=said.who,
        door="command line", action="feedback", result=said.words,
    ))  # fmt: skip
    # What is still open is learned at its end, by the workflow, with what was said of it.
    if view.outcome is None or view.closed_at is None or view.outcome is Outcome.MERGED:
        return False
    run.store.memory.remember(remembered(view, said))
    return True
