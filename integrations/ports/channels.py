"""Telling people."""

from typing import Protocol

from domain.message import Message, Receipt


class Channel(Protocol):
    """A way to reach people."""

    name: str

    def send(self, message: Message) -> Receipt:
        """Deliver. The same `message.key` again is recognisable as the same message by the other side."""
        ...


class Whisperer(Protocol):
    """Says something to one person in a thread, where nobody else sees it."""

    def whisper(self, channel: str, thread: str, user: str, text: str) -> None: ...
