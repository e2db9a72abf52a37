"""`nightshift feedback`: a person says whether the cause was right. It corrects what is remembered."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import ValidationError

from domain.feedback import Feedback, read_cause
from domain.finding import Category
from starter.cli.control import Who, claimed
from starter.cli.exits import Exit, Stop
from starter.cli.listing import AsJson, Name
from starter.cli.login import stored
from starter.cli.output import output_of
from starter.cli.remote import Remote
from starter.cli.session import session
from starter.judging import LEARNED, Judging, objection

_RIGHT, _WRONG = "right", "wrong"
_KINDS = tuple(category.value for category in Category if category is not Category.UNKNOWN)


def feedback(
    context: typer.Context,
    incident: Name,
    cause: Annotated[
        str | None,
        typer.Option(metavar="right|KIND", help=f"The cause was right, or of another kind: {', '.join(_KINDS)}."),
    ] = None,
    service: Annotated[str | None, typer.Option(help="Where it was, with the KIND.")] = None,
    right: Annotated[str | None, typer.Option(help="The same in one: --cause wrong --right KIND@SERVICE.")] = None,
    comment: Annotated[str, typer.Option(help="How it is known.")] = "",
    who: Who = None,
    *,
    false_positive: Annotated[bool, typer.Option("--false-positive", help="Nothing was wrong.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say whether the cause was right. What you say is shown, and replaces what the machine remembers."""
    output = output_of(context)
    try:
        category, place = _corrected(cause, service, right)
        said = Feedback(
            incident=incident, at=datetime.now(UTC), who=claimed(who), right=cause == _RIGHT,
            category=category, service=place, false_positive=false_positive, comment=comment.strip(),
        )  # fmt: skip
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    said, learned, done = asyncio.run(_keep(said, who))
    if as_json:
        output.line(json.dumps(said.model_dump(mode="json") | {"learned": learned}))
        return
    output.line(f"{said.incident}: {said.words}")
    output.note(done)


def _corrected(cause: str | None, service: str | None, right: str | None) -> tuple[Category | None, str | None]:
    """The kind and the service of another cause, if one is named. Raises ValueError for half of one, and for two."""
    if (cause == _WRONG) != (right is not None):
        raise ValueError("--cause wrong and --right KIND@SERVICE belong together")
    named = cause not in (None, _RIGHT, _WRONG)
    if named != (service is not None):
        raise ValueError(f"--cause KIND and --service NAME belong together; kinds are {', '.join(_KINDS)}")
    if named:
        return read_cause(f"{cause}@{service}")
    return read_cause(right) if right is not None else (None, None)


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
