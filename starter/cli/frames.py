"""An incident in a terminal: the six questions in at most 100 columns, and its events as lines."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.console import Group
from rich.table import Table
from rich.text import Text

from domain.invisible import without_invisible
from domain.levels import Severity
from domain.timeline import Entry
from domain.view import IncidentView
from starter import words

SCHEMA = "nightshift.event/1"
WIDTH = 100
_BAR = 24
_STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "bold yellow",
    Severity.MEDIUM: "bold",
    Severity.LOW: "cyan",
}


def frame(view: IncidentView, now: datetime, banners: Sequence[str] = (), last: int = 8) -> Group:
    """What a person needs at one look; `last` timeline rows at the end."""
    lines = [Text(f"! {banner}", style="bold yellow") for banner in banners]
    lines += [_head(view, now), Text(_cut(view.title)), _facts(view, now)]
    return Group(*lines, events(view, now, last))


def events(view: IncidentView, now: datetime, last: int) -> Group:
    """The last rows of the timeline."""
    return Group(*(_event(entry, now) for entry in view.timeline[-last:])) if last else Group()


def _head(view: IncidentView, now: datetime) -> Text:
    head = Text(f"{view.incident}  ").append(view.severity, style=_STYLES[view.severity])
    head.append(f"  {words.state_words(view)}  ", style="bold").append(words.open_for(view, now))
    if (sla := words.sla(view, now)) is None:
        return head
    full = round(sla.share * _BAR)
    return head.append(f"  {sla.text}  ").append("█" * full + "░" * (_BAR - full), style="dim")


def _facts(view: IncidentView, now: datetime) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for label, text in facts(view, now):
        table.add_row(label, Text(without_invisible(text)))
    return table


def facts(view: IncidentView, now: datetime) -> Iterable[tuple[str, str]]:
    """Label and sentence, in the order in which every surface answers."""
    sure, unseen = words.sureness(view), words.not_seen(view)
    yield "cause", words.cause(view) + (f" ({sure})" if sure else "") + (f"; not looked at: {unseen}" if unseen else "")
    yield "model", view.advice_words
    for attempt in view.attempts:
        yield f"try {attempt.number}", f"{attempt.plan.sentence} -> {words.attempt_result(attempt)}"
    yield "next", words.next_words(view, now)
    yield "decides", words.decides(view, now)
    if view.waiting is not None:
        digest = view.waiting.digest[:8]
        yield "plan", f"{view.waiting.sentence} ({view.waiting.risk}: {view.waiting.reason})"
        yield "to do", f"nightshift approve {view.incident} --digest {digest}"
    elif view.needs == "ack":
        yield "to do", f"nightshift ack {view.incident}"
    if view.last_decision:
        yield "last word", view.last_decision
    yield "proof", words.proof(view)
    for label, link in (("page", view.page_url), ("temporal", view.temporal_url), ("runbook", view.runbook)):
        if link:
            yield label, link


def _event(entry: Entry, now: datetime) -> Text:
    line = Text(f"{entry.at.astimezone(now.tzinfo):%H:%M:%S}  ", style="dim").append(
        f"{entry.kind:<13}", style="default"
    )
    return line.append(_cut(f" {entry.actor}: {entry.text}", WIDTH - 22), style="default")


def plain(view: IncidentView, entry: Entry) -> str:
    """One event as one line: time first, append-only, no control codes."""
    text = without_invisible(" ".join(f"{entry.actor}: {entry.text}".split()))
    return f"{entry.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {view.incident} {entry.kind} {text}"


def as_json(view: IncidentView, entry: Entry) -> str:
    """One event as one JSON object on one line."""
    facts = {"schema": SCHEMA, "incident": view.incident, "state": view.state} | entry.model_dump(mode="json")
    return json.dumps(facts)


def _cut(text: str, width: int = WIDTH) -> str:
    one_line = without_invisible(" ".join(text.split()))
    return one_line if len(one_line) <= width else f"{one_line[: width - 1]}…"
