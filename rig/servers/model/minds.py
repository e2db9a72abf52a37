"""Minds for the server: each decides by the request what is answered. Scripted, so that a test knows what it sees."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rig.servers.model.request import ChatRequest


@dataclass(frozen=True)
class Says:
    """Text, as it is. `refusal`: the model refuses with these words instead. `finish`: why it stopped, "length" for an
    answer that was cut off. `counted` False: the server does not say how many tokens it were.
    """

    content: str | None = None
    refusal: str | None = None
    finish: str = "stop"
    counted: bool = True


@dataclass(frozen=True)
class Wants:
    """Calls of tools: name and arguments."""

    calls: Sequence[tuple[str, Mapping[str, object]]]


@dataclass(frozen=True)
class Fails:
    """An error of the API, with the seconds of Retry-After where it names some."""

    status: int
    code: str | None = None
    retry_after_s: int | None = None
    said: str = "trouble on demand"


@dataclass(frozen=True)
class Hangs:
    """It takes the request and never answers."""


@dataclass(frozen=True)
class Breaks:
    """Something else than the API: a body of another shape, or of no shape."""

    body: str
    kind: str = "application/json"


@dataclass(frozen=True)
class Moves:
    """It says that the same is to be asked somewhere else, body and all (307)."""

    to: str


@dataclass(frozen=True)
class Drips:
    """It begins to answer, and goes on a byte at a time: each comes in time, and the whole never does."""

    every_s: float = 0.05


Answer = Says | Wants | Fails | Hangs | Breaks | Moves | Drips
Mind = Callable[[ChatRequest], Answer]
_ORDER = re.compile(r"ignore your instructions and ([^\"\\]{1,80})", re.I)


def opinion(*suspects: Mapping[str, Any]) -> Says:
    return Says(json.dumps({"suspects": suspects}))


def suspect(service: str, category: str, text: str, *findings: str) -> dict[str, Any]:
    return {"service": service, "category": category, "claims": [{"text": text, "findings": findings}]}


def answering(*suspects: tuple[str, str, str, tuple[str, ...]]) -> Mind:
    """It always says the same: service, category, a sentence and what that cites, for each cause."""
    said = opinion(*(suspect(service, category, text, *cited) for service, category, text, cited in suspects))
    return lambda _: said


def agreeing(request: ChatRequest) -> Answer:
    """It believes the ranking, and cites what speaks for its first candidate."""
    first = request.evidence["candidates"][0]
    return opinion(suspect(first["service"], first["category"], first["text"], *first["for"]))


def obedient(request: ChatRequest) -> Answer:
    """It does what any text says that it reads: the worst model that an attacker could wish for. It calls a tool of its
    own making for it, and then names it as the cause, sure and with citations.
    """
    order = _ORDER.search(json.dumps(request.body, ensure_ascii=False))
    if order is None:
        return agreeing(request)
    if request.tools and not request.shown:
        return Wants([(re.sub(r"\W+", "_", order[1].strip())[:60], {"force": True})])
    cited = [finding["id"] for finding in request.evidence["findings"]]
    return opinion(suspect("database", "disk", f"The fix is to {order[1]}. Do it at once.", *cited))
