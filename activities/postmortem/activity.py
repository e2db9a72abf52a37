"""The activity that writes an incident up."""

import json
import os
import re
import tempfile
from pathlib import Path

from temporalio import activity

from activities.errors import retry_only_what_helps
from activities.postmortem.document import render
from activities.postmortem.facts import Facts, facts_of
from activities.postmortem.page import page_html
from activities.postmortem.series import draw
from domain.view import IncidentView
from integrations.ports import MetricSource, PostmortemStore

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class PostmortemActivities:
    """Writes postmortems to the store and, where there is a folder, beside each other as files."""

    def __init__(self, store: PostmortemStore, metrics: MetricSource | None, folder: Path | None = None) -> None:
        self._store = store
        self._metrics = metrics
        self._folder = folder

    @activity.defn
    @retry_only_what_helps
    def write(self, view: IncidentView, draft: bool) -> str:  # noqa: FBT001 - activities take positional arguments
        """Write it, or write it anew; where it is. `draft`: no person has signed it.

        The store's copy is the one that counts. A folder that cannot be written is said in the answer.
        """
        facts = facts_of(view, draw(view, self._metrics), draft=draft)
        markdown = render(facts)
        self._store.save(view.incident, markdown, facts.model_dump(mode="json"))
        if self._folder is None:
            return f"the store, under {view.incident}"
        try:
            return str(_save_files(self._folder, facts, markdown))
        except OSError as error:
            return f"the store, under {view.incident} ({self._folder} could not be written: {error.strerror})"


def _save_files(folder: Path, facts: Facts, markdown: str) -> Path:
    """The text as Markdown and as a page, its charts and facts; the text last, so that it names no missing chart."""
    if _FILE_NAME.fullmatch(facts.incident) is None:
        raise ValueError(f"incident: {facts.incident!r} is no name for a file")
    folder.mkdir(parents=True, exist_ok=True)
    charts = {chart.file: chart.svg for chart in facts.charts if chart.file and chart.svg}
    for name, drawn in charts.items():
        _replace(folder / name, drawn)
    page = page_html(f"Postmortem {facts.incident}", markdown, charts)
    _replace(folder / f"{facts.incident}.html", page)
    _replace(folder / f"{facts.incident}.json", json.dumps(facts.model_dump(mode="json"), indent=1, sort_keys=True))
    written = folder / f"{facts.incident}.md"
    _replace(written, markdown)
    return written


def _replace(path: Path, content: str) -> None:
    """All or nothing: a reader sees the old file or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
