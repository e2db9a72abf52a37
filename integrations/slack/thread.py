"""An incident's thread as Slack has it: our messages there, known by the metadata that each carries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from pydantic import AwareDatetime, ValidationError

from domain.model import Model
from integrations.slack.blocks import Block

EVENT = "nightshift_message"
ROOT = "root"


class Mark(Model):
    """What a message of ours says about itself. `asks` is the digest of the plan that its buttons decide, `calls`
    whether it has buttons to answer a call, `at` of when the incident in it is; of a root, `by` is the key of the
    message that began it.
    """

    key: str
    at: AwareDatetime
    by: str = ""
    asks: str = ""
    calls: bool = False

    @property
    def metadata(self) -> dict[str, Any]:
        return {"event_type": EVENT, "event_payload": self.model_dump(mode="json")}


@dataclass(frozen=True)
class Ours:
    """A message that is there."""

    ts: str
    mark: Mark
    text: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Thread:
    """Where it is. Nothing in it: not looked at, or nothing of ours."""

    channel: str
    ts: str
    messages: tuple[Ours, ...] = ()

    @property
    def reference(self) -> str:
        return f"{self.channel}:{self.ts}"

    @classmethod
    def of(cls, reference: str) -> "Thread | None":
        """From what was answered to the first message."""
        channel, _, ts = reference.partition(":")
        return cls(channel, ts) if channel and ts else None

    def find(self, key: str) -> Ours | None:
        return next((ours for ours in self.messages if ours.mark.key == key), None)


def root_key(incident: str) -> str:
    return f"{incident}.{ROOT}"


def ours(messages: Iterable[Any], bot: str) -> tuple[Ours, ...]:
    """Those of Slack's messages that our bot wrote and that carry our mark: any app can write the same mark."""
    read = (cast("Mapping[str, Any]", message) for message in messages if isinstance(message, dict))
    found = (_ours(message) for message in read if message.get("bot_id") == bot)
    return tuple(one for one in found if one is not None)


def _ours(message: Mapping[str, Any]) -> Ours | None:
    metadata = message.get("metadata")
    if not isinstance(metadata, dict) or cast("dict[str, Any]", metadata).get("event_type") != EVENT:
        return None
    try:
        mark = Mark.model_validate(cast("dict[str, Any]", metadata).get("event_payload"))
    except ValidationError:
        return None
    blocks = tuple(cast("list[Block]", message.get("blocks") or []))
    return Ours(ts=str(message.get("ts", "")), mark=mark, text=str(message.get("text", "")), blocks=blocks)


def before(at: datetime) -> str:
    """A moment as Slack writes times, a minute earlier: clocks differ."""
    return f"{at.timestamp() - 60:.6f}"
