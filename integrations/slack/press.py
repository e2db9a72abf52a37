"""What a button carries: incident, the plan's digest and what is decided. Nothing else, and nothing secret."""

import re
from enum import StrEnum
from typing import Self

from domain.model import Model

_VALUE = re.compile(r"(?P<incident>[A-Z0-9-]{1,60})\|(?P<digest>[0-9a-f]{0,64})\|(?P<decision>[a-z]{1,20})")


class Decide(StrEnum):
    """What buttons say. All but the first two are about the incident, and carry no digest; the last two judge what the
    machine thought.
    """

    APPROVE = "approve"
    REJECT = "reject"
    ACK = "ack"
    TAKE = "take"
    RIGHT = "right"
    FALSE_ALARM = "falsealarm"


class Press(Model):
    """A button, as its `value` has it."""

    incident: str
    decision: Decide
    digest: str = ""

    @property
    def value(self) -> str:
        return f"{self.incident}|{self.digest}|{self.decision}"

    @classmethod
    def read(cls, value: str) -> Self | None:
        """The button of a value, None for one that is not of ours."""
        found = _VALUE.fullmatch(value)
        if found is None or found["decision"] not in list(Decide):
            return None
        press = cls(incident=found["incident"], decision=Decide(found["decision"]), digest=found["digest"])
        return press if bool(press.digest) == (press.decision in {Decide.APPROVE, Decide.REJECT}) else None
