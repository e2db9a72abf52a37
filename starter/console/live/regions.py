"""Parts of the incident's page that are replaced while it is open, each with a key that says whether it differs."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime

from markupsafe import Markup

from domain.model import Model
from starter.console.rendering import render

TEMPLATES: Mapping[str, str] = {
    "banners": "banners.html", "header": "header.html", "card": "card.html", "tried": "tried.html",
    "timeline": "timeline.html", "evidence": "evidence.html", "records": "records.html",
}  # fmt: skip
# Times in words, which the page counts by itself: that a minute has passed is no reason to replace what is read.
_CLOCKS = re.compile(r"<time[^>]*>.*?</time>|<span data-(?:deadline|clock)[^>]*>.*?</span>", re.DOTALL)


class Region(Model):
    """`key` is the same as long as nothing but time has changed."""

    html: str
    key: str

    @property
    def markup(self) -> Markup:
        return Markup(self.html)  # noqa: S704 - it comes out of a template


def regions(facts: Mapping[str, object], now: datetime) -> dict[str, Region]:
    """All of them, by name, in the order of the page."""
    return {name: _region(template, facts, now) for name, template in TEMPLATES.items()}


def _region(template: str, facts: Mapping[str, object], now: datetime) -> Region:
    html = render(template, now, facts)
    return Region(html=html, key=hashlib.sha256(_CLOCKS.sub("", html).encode()).hexdigest()[:16])
