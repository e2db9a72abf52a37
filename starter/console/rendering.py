"""Jinja2 with everything escaped, and the words that all templates share."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from activities.postmortem.page import body_html, charts_of
from domain.quantity import quantity
from starter import words
from starter.console import drawing
from starter.untrusted import web_link, without_invisible

_FOLDER = Path(__file__).parent
STATIC = _FOLDER / "static"
_LONGEST_LINK = 2_000


def render(template: str, now: datetime, facts: Mapping[str, object]) -> str:
    """The page. A name that a template uses and nobody gave is an error, never an empty place."""
    return _ENVIRONMENT.get_template(template).render(now=now, **facts)


def postmortem(text: str, facts: Mapping[str, object]) -> Markup:
    """A postmortem's Markdown as HTML, with its charts. Raw HTML inside of it is shown as text."""
    return Markup(body_html(without_invisible(text), charts_of(facts)))  # noqa: S704 - it escapes all text


def _time(at: datetime, now: datetime) -> Markup:
    """Relative first, absolute beside it: both are text, so that a phone shows both."""
    return Markup('<time datetime="{}"><span data-age>{}</span> <span class="abs">{}</span></time>').format(
        at.isoformat(), words.relative(at, now), words.absolute(at, now)
    )


def _age(at: datetime, now: datetime) -> Markup:
    """How long ago, for a page that counts on by itself."""
    return Markup('<time datetime="{}" data-age>{}</time>').format(at.isoformat(), words.relative(at, now))


def _link(text: str, address: str | None) -> Markup:
    """A link if the address leads to the web, else just the text."""
    safe = web_link(address or "", _LONGEST_LINK)
    if safe is None:
        return escape(text)
    return Markup('<a href="{}" rel="noreferrer">{}</a>').format(safe, text)


def _visible(value: object) -> object:
    """What a template prints, without characters that cannot be seen: some of them turn the text around them."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else without_invisible(value)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shared: dict[str, object] = {
        "words": words, "quantity": quantity, "draw": drawing, "time": _time, "age": _age, "link": _link,
    }  # fmt: skip
    environment.globals.update(shared)  # pyright: ignore[reportArgumentType, reportCallIssue] - typed by its defaults
    return environment


_ENVIRONMENT = _environment()
