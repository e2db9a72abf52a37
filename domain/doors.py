"""The ways in which a person's word comes in, and which of them prove who it was."""

from enum import StrEnum


class Door(StrEnum):
    """By which way a word came in. A signal proves nothing about who sent it."""

    SIGNAL = "signal"
    UPDATE = "update"
    CLI = "cli"
    CONSOLE = "console"
    SLACK = "slack"
    PAGERDUTY = "pagerduty"


UNPROVEN = frozenset({Door.UPDATE, Door.CLI, Door.PAGERDUTY})
"""Doors that an update may name without proof. The name is then a claim, like the person's."""
