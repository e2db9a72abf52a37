"""What Slack checks in a message before it takes it: the published limits of Block Kit, with its way to say no."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

Json = Mapping[str, Any]
LONGEST_TEXT = 40_000
_BLOCKS, _FIELDS, _ACTIONS, _ELEMENTS, _ATTACHMENTS = 50, 10, 25, 10, 100
_SECTION, _FIELD, _HEADER, _CONTEXT = 3_000, 2_000, 150, 3_000
_BUTTON, _VALUE, _URL, _NAME = 75, 2_000, 3_000, 255
_CONFIRM = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
_STYLES = {"primary", "danger"}


def objections(said: Json) -> list[str]:
    """All that is wrong with the layout of a message, as Slack lists it; empty: nothing."""
    found = list(_blocks(said.get("blocks", []), "/blocks"))
    attachments = said.get("attachments", [])
    if not isinstance(attachments, list):
        return [*found, "must be an array [json-pointer:/attachments]"]
    if len(cast("list[Any]", attachments)) > _ATTACHMENTS:
        found.append(f"no more than {_ATTACHMENTS} items allowed [json-pointer:/attachments]")
    for number, attachment in enumerate(cast("list[Json]", attachments)):
        found += _blocks(attachment.get("blocks", []), f"/attachments/{number}/blocks")
    return found


def _blocks(blocks: object, place: str) -> Iterator[str]:
    if not isinstance(blocks, list):
        yield f"must be an array [json-pointer:{place}]"
        return
    items = cast("list[Json]", blocks)
    if len(items) > _BLOCKS:
        yield f"no more than {_BLOCKS} items allowed [json-pointer:{place}]"
    names = [item["block_id"] for item in items if "block_id" in item]
    if len(set(names)) != len(names):
        yield f"`block_id` already exists [json-pointer:{place}]"
    for number, block in enumerate(items):
        yield from _block(block, f"{place}/{number}")


def _block(block: Json, place: str) -> Iterator[str]:
    yield from _longer(block.get("block_id", ""), _NAME, f"{place}/block_id")
    match block.get("type"):
        case "header":
            yield from _text(block.get("text"), _HEADER, f"{place}/text", kinds={"plain_text"})
        case "section":
            yield from _section(block, place)
        case "context":
            yield from _many(block.get("elements"), _ELEMENTS, f"{place}/elements")
            for number, element in enumerate(block.get("elements", [])):
                yield from _text(element, _CONTEXT, f"{place}/elements/{number}")
        case "actions":
            yield from _many(block.get("elements"), _ACTIONS, f"{place}/elements")
            for number, element in enumerate(block.get("elements", [])):
                yield from _button(element, f"{place}/elements/{number}")
        case "divider":
            pass
        case other:
            yield f"unsupported type: {other} [json-pointer:{place}/type]"


def _section(block: Json, place: str) -> Iterator[str]:
    if "text" not in block and "fields" not in block:
        yield f"missing required field: text [json-pointer:{place}]"
    if "text" in block:
        yield from _text(block["text"], _SECTION, f"{place}/text")
    if "fields" in block:
        yield from _many(block["fields"], _FIELDS, f"{place}/fields")
        for number, field in enumerate(block["fields"]):
            yield from _text(field, _FIELD, f"{place}/fields/{number}")


def _button(button: Json, place: str) -> Iterator[str]:
    if button.get("type") != "button":
        yield f"unsupported type: {button.get('type')} [json-pointer:{place}/type]"
        return
    yield from _text(button.get("text"), _BUTTON, f"{place}/text", kinds={"plain_text"})
    yield from _longer(button.get("value", ""), _VALUE, f"{place}/value")
    yield from _longer(button.get("url", ""), _URL, f"{place}/url")
    yield from _longer(button.get("action_id", ""), _NAME, f"{place}/action_id")
    if button.get("style", "primary") not in _STYLES:
        yield f"must be one of: primary, danger [json-pointer:{place}/style]"
    if "confirm" in button:
        for part, longest in _CONFIRM.items():
            yield from _text(button["confirm"].get(part), longest, f"{place}/confirm/{part}")


def _text(text: object, longest: int, place: str, kinds: frozenset[str] | set[str] = frozenset()) -> Iterator[str]:
    if not isinstance(text, dict):
        yield f"missing required field: {place.rpartition('/')[2]} [json-pointer:{place}]"
        return
    said = cast("Json", text)
    if said.get("type") not in (kinds or {"plain_text", "mrkdwn"}):
        yield f"unsupported type: {said.get('type')} [json-pointer:{place}/type]"
    content = said.get("text")
    if not isinstance(content, str) or not content:
        yield f"must be more than 0 characters [json-pointer:{place}/text]"
        return
    yield from _longer(content, longest, f"{place}/text")


def _longer(text: object, longest: int, place: str) -> Iterator[str]:
    if isinstance(text, str) and len(text) > longest:
        yield f"must be less than {longest + 1} characters [json-pointer:{place}]"


def _many(items: object, most: int, place: str) -> Iterator[str]:
    if not isinstance(items, Sequence) or isinstance(items, str) or not items:
        yield f"no fewer than 1 items allowed [json-pointer:{place}]"
    elif len(cast("Sequence[Any]", items)) > most:
        yield f"no more than {most} items allowed [json-pointer:{place}]"
