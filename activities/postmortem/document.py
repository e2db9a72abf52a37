"""The text: Markdown from a template. Whatever is put into it is taken for hostile and made harmless."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from activities.postmortem.facts import Facts
from activities.postmortem.measure import at, clause
from domain.invisible import without_invisible
from domain.quantity import quantity

LONGEST = 300
LONGEST_CODE = 600
LONGEST_LINK = 2_000
LONGEST_PARAGRAPH = 3_000
# Everything that Markdown, HTML within it or an automatic link could begin with.
_ACTIVE = re.compile(r"([\\`*_{}\[\]<>#|~&$!@])|(?<=\w)(:)(?=//)|(?<=www)(\.)", re.I)
_LIST_MARK = re.compile(r"^(\d+)([.)])(?=\s|$)|^([-+=])(?=[\s=-]|$)")
_LINK = re.compile(r"https?://[^\s<>\"'`\\^{}|]+", re.I)


class Markdown(str):
    """Text that is Markdown by our own hand and goes into the page as it is."""

    __slots__ = ()


def render(facts: Facts) -> str:
    """The whole postmortem."""
    titles = {finding.id: finding.title for finding in facts.view.findings}
    template = _environment().get_template("postmortem.md.j2")
    return template.render(facts=facts, view=facts.view, titles=titles, shown_before=_shown_before(facts))


def _shown_before(facts: Facts) -> dict[str, str]:
    """Findings whose query another one has shown already, by id; what they share is told once."""
    first: dict[str, str] = {}
    again: dict[str, str] = {}
    for finding in facts.evidence:
        if finding.query in first:
            again[finding.id] = first[finding.query]
        first.setdefault(finding.query, finding.id)
    return again


def plain(value: object) -> str:
    """Any value as text that Markdown shows and never interprets: one line, at most 300 characters."""
    if isinstance(value, Markdown):
        return value
    return _escaped(_one_line(str(value), LONGEST))


def _escaped(said: str) -> str:
    return _LIST_MARK.sub(_marked, _ACTIVE.sub(lambda found: f"\\{found[0]}", said))


def paragraph(value: str) -> Markdown:
    """Several sentences."""
    return Markdown(_escaped(_one_line(value, LONGEST_PARAGRAPH)))


def pairs(values: Mapping[str, str | int | float]) -> str:
    """Names and values, such as `sessions 19, share 0.5`."""
    return ", ".join(f"{name} {value}" for name, value in values.items()) or "nothing"


def counts(values: Mapping[str, int]) -> str:
    """How many of each, such as `finding 3, note 1`."""
    return ", ".join(f"{name} {count}" for name, count in values.items())


def code(value: object) -> Markdown:
    """A query or the like in a code span that its own backticks cannot end."""
    said = _one_line(str(value), LONGEST_CODE)
    if not said:
        return Markdown("(none)")
    if "`" not in said:
        return Markdown(f"`{said}`")
    fence = "`" * (max(len(run) for run in re.findall(r"`+", said)) + 1)
    return Markdown(f"{fence} {said} {fence}")


def link(address: str | None, label: str) -> Markdown:
    """A link, if it leads to http or https and nowhere else; otherwise the label with the address as text."""
    if not address:
        return Markdown(f"{plain(label)}: none")
    if _LINK.fullmatch(address) is None or len(address) > LONGEST_LINK:
        return Markdown(f"{plain(label)} ({plain(address)})")
    return Markdown(f"[{plain(label)}](<{address}>)")


def _marked(found: re.Match[str]) -> str:
    return f"{found[1]}\\{found[2]}" if found[1] else f"\\{found[3]}"


def _one_line(said: str, longest: int) -> str:
    said = " ".join(without_invisible(said).split())
    return said if len(said) <= longest else f"{said[: longest - 1]}…"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("activities.postmortem"), undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
        # Escapes what any expression yields, so that forgetting it in the template is impossible.
        finalize=plain, autoescape=False,  # noqa: S701 - it is Markdown, and finalize escapes it
    )  # fmt: skip
    filters: dict[str, Any] = {
        "at": at, "clause": clause, "code": code, "counts": counts, "link": link, "quantity": quantity, "pairs": pairs,
        "paragraph": paragraph,
    }  # fmt: skip
    environment.filters.update(filters)
    return environment
