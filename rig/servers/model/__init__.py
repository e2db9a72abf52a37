"""A language model server on this machine: OpenAI's chat completions over HTTP, with scripted minds."""

from rig.servers.model.minds import (
    Answer,
    Breaks,
    Drips,
    Fails,
    Hangs,
    Mind,
    Moves,
    Says,
    Wants,
    agreeing,
    answering,
    obedient,
)  # fmt: skip
from rig.servers.model.request import ChatRequest
from rig.servers.model.server import KEY, MODEL, ModelServer

__all__ = [
    "KEY", "MODEL", "Answer", "Breaks", "ChatRequest", "Drips", "Fails", "Hangs", "Mind", "ModelServer",
    "Moves", "Says", "Wants", "agreeing", "answering", "obedient",
]  # fmt: skip
