"""`nightshift people add`: a token for a person, and the line by which they are known."""

from enum import StrEnum
from typing import Annotated

import typer
import yaml
from pydantic import SecretStr, ValidationError

from domain.levels import Risk
from domain.people import Person
from starter.cli.output import output_of
from starter.identity.tokens import make


class What(StrEnum):
    """What is done with people."""

    ADD = "add"


def people(
    context: typer.Context,
    what: Annotated[What, typer.Argument(help="add: a person, with a new token.")],  # noqa: ARG001 - there is one yet
    name: Annotated[str, typer.Argument(help="As the policy's approvers name them.")],
    slack: Annotated[str | None, typer.Option(help="The Slack user's id, such as U024BE7LH.")] = None,
    email: Annotated[str | None, typer.Option(help="The mail address.")] = None,
    approves_up_to: Annotated[Risk, typer.Option(help="The highest risk that they may decide on.")] = Risk.HIGH,
) -> None:
    """Make a token for a person. The line for NIGHTSHIFT_PEOPLE goes to stdout, the token to stderr, once."""
    fresh = make()
    try:
        person = Person(
            name=name, token=SecretStr(fresh.hashed), slack=slack, email=email, approves_up_to=approves_up_to
        )
    except ValidationError as error:
        detail = error.errors(include_url=False, include_context=False)[0]
        raise typer.BadParameter(f"{detail['loc'][0]}: {detail['msg'].removeprefix('Value error, ')}") from None
    line = person.model_dump(mode="json", exclude_none=True) | {"token": fresh.hashed}
    output = output_of(context)
    output.line("  - " + yaml.safe_dump(line, default_flow_style=True, sort_keys=False, width=10_000).strip())
    output.note(f"put that line below `people:` in the file that NIGHTSHIFT_PEOPLE names; {name}'s token, shown once:")
    output.note(fresh.token.get_secret_value())
