"""A language model server on this machine: OpenAI's chat completions over HTTP, with scripted minds."""

from rig.servers.model.minds import (
    Answer,
    Breaks,
    Fails,
    Hangs,
    Mind,
    Says,
    Wants,
    agreeing,
    answering,
    obedient,
)  # fmt: skip
from rig.servers.model.request import ChatRequest
from rig.servers.model.server import KEY, MODEL, ModelServer

__all__ = [
    "KEY", "MODEL", "Answer", "Breaks", "ChatRequest", "Fails", "Hangs", "Mind", "ModelServer", "Says", "Wants",
    "agreeing", "answering", "obedient",
]  # fmt: skip
