"""What Slack says when somebody presses a button of ours."""

from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from pydantic_core import from_json

from domain.model import Model
from integrations.slack import Press
from starter.untrusted import clean
from starter.webhooks.body import Refused


class Pressed(Model):
    """Who pressed what. `user` is Slack's id, `answer_to` where words for that person go."""

    user: str
    press: Press
    answer_to: str


def read_pressed(body: bytes) -> Pressed | None:
    """The press in a form of Slack; None for what is not ours to answer, such as a button that only leads somewhere.

    Raises Refused with 400 for what no Slack sends.
    """
    try:
        form = parse_qs(body.decode(), strict_parsing=True)
        payload = from_json(form["payload"][0], allow_inf_nan=False)
    except (ValueError, KeyError) as error:
        raise Refused(400, "payload: is not the JSON of an interaction") from error
    if not isinstance(payload, dict):
        raise Refused(400, "payload: is not an object")
    said = cast("dict[str, Any]", payload)
    if said.get("type") != "block_actions":
        return None
    press = Press.read(_text(_first(said.get("actions")), "value"))
    user, answer_to = clean(_text(said.get("user"), "id"), 40), _text(said, "response_url")
    if press is None or not user or urlsplit(answer_to).scheme not in {"http", "https"}:
        return None
    return Pressed(user=user, press=press, answer_to=answer_to)


def _first(items: object) -> object:
    """Buttons are pressed one at a time."""
    return cast("list[object]", items)[0] if isinstance(items, list) and items else None


def _text(held: object, name: str) -> str:
    value = cast("dict[str, object]", held).get(name) if isinstance(held, dict) else None
    return value if isinstance(value, str) else ""
