"""What one sender of webhooks is to the routes: how it proves itself, and what its deliveries come to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from starlette.requests import Request


@dataclass(frozen=True)
class Taken:
    """What a delivery came to. `incidents` are keys of those that know its anomalies now, and of what holds back those
    that are muted (they begin with `muted-`); `synchronised` ids of our own incidents that were told what a person did
    elsewhere. Without either it was ignored, for `reason`. `refused` says of each part that was not understood which
    field is wrong; the other parts are taken all the same.
    """

    anomalies: int = 0
    incidents: tuple[str, ...] = ()
    synchronised: tuple[str, ...] = ()
    reason: str = ""
    refused: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        return bool(self.incidents or self.synchronised)


class Sender(Protocol):
    """One module per sender. All but `take` answer at once; each may raise Refused. `largest`: bytes of a delivery."""

    name: str
    largest: int

    def admit(self, request: Request) -> None:
        """Before the body is read: may this caller send one?"""
        ...

    def trust(self, request: Request, body: bytes) -> None:
        """Is the body the sender's own?"""
        ...

    async def take(self, content: object, now: datetime) -> Taken:
        """Translate and hand over; returns when all of it is stored. Raises TemporalAway."""
        ...
