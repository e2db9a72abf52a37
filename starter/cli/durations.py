"""Lengths of time as options of a command."""

from datetime import timedelta

import typer

from domain.lengths import read_length


def duration(text: str) -> timedelta:
    """The length of time. Raises typer.BadParameter for another form."""
    read = read_length(text)
    if isinstance(read, str):
        raise typer.BadParameter(read)
    return read
