"""`nightshift feedback`: a person says whether the cause was right. It corrects what is remembered."""

import asyncio
import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import ValidationError

from domain.feedback import Feedback, read_cause
from starter.cli.control import Who, claimed
from starter.cli.exits import Exit, Stop
from starter.cli.listing import AsJson, Name
from starter.cli.login import stored
from starter.cli.output import output_of
from starter.cli.remote import Remote
from starter.cli.session import session
from starter.judging import LEARNED, Judging, objection


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
    said, learned, done = asyncio.run(_keep(said, who))
    if as_json:
        output.line(json.dumps(said.model_dump(mode="json") | {"learned": learned}))
        return
    output.line(f"{said.incident}: {said.words}")
    output.note(done)


async def _keep(said: Feedback, who: str | None) -> tuple[Feedback, bool, str]:
    """What was recorded, whether memory knows it by now, and in words what came of it. Proven with a login, unless a
    name is given.
    """
    login = stored() if who is None else None
    if login is not None:
        return await _prove(Remote(login), said)
    async with session() as run:
        view = (await run.incident(said.incident)).view
        named = said.model_copy(update={"incident": view.incident})
        refusal = objection(view, named)
        if refusal is not None:
            raise Stop(Exit.REFUSED, f"{refusal}; nothing was recorded")
        judging = Judging(run.store.feedback, run.store.audit, run.store.memory, run.store.thresholds)
        kept = await asyncio.to_thread(judging.keep, view, named)
        return named, kept.learned, kept.words


async def _prove(remote: Remote, said: Feedback) -> tuple[Feedback, bool, str]:
    """Through a starter, which knows the person by the token. Raises Stop."""
    view = await remote.view(said.incident)
    fields = ("right", "category", "service", "false_positive", "comment")
    answer = await remote.say(view.incident, "feedback", said.model_dump(mode="json", include=set(fields)))
    known = {"incident": view.incident, "who": remote.name, "proven": True}
    return said.model_copy(update=known), answer.endswith(LEARNED), answer
