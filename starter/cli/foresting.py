"""`nightshift detect --forest SERVICE`: whether the metrics of a service are unusual together now, and by which; and
those of the service with all that it depends on.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from rich.table import Table
from rich.text import Text

from activities import metric_queries
from activities.forest_findings import readable
from analysis.forest.fitting import Part, Verdict, judge
from analysis.forest.sealing import span
from analysis.forest.wording import group_sentence, named, sentence
from config.adapters import sources
from config.adapters.store import own_store
from config.services import load_services
from config.settings import Settings
from domain.forest import Forest, group_of
from domain.question import Question
from integrations.ports import PortError
from starter.cli.exits import Exit, Stop
from starter.cli.output import Output
from starter.untrusted import without_invisible

_PRESENT = timedelta(minutes=2)


def show_forest(service: str, settings: Settings, output: Output, now: datetime, *, as_json: bool) -> None:
    """Print the verdicts of the forests of the service and of its group on the last two minutes, or why there is none.
    A service that depends on none has no group.
    """
    kept = own_store(settings)
    with kept.pool:
        forest, group = kept.forests.load(service), kept.forests.load(group_of(service))
    if forest is None:
        raise Stop(Exit.NOT_FOUND, f"no forest of {service!r}: it comes with the first round of training")
    found = _verdict(forest, service, settings, now)
    of_all = None if group is None else _verdict(group, service, settings, now)
    if as_json:
        wider = None if group is None or of_all is None else _document(group, of_all)
        output.line(json.dumps(_document(forest, found) | {"group": wider}))
        return
    _show(forest, found, output)
    if group is not None and of_all is not None:
        _show(group, of_all, output)


def _show(forest: Forest, found: Verdict | str, output: Output) -> None:
    if isinstance(found, Verdict):
        output.table(_table(forest, found))
    else:
        output.note(without_invisible(f"{forest.service}: {found}"))


def _verdict(forest: Forest, service: str, settings: Settings, now: datetime) -> Verdict | str:
    """What the forest says, or why nobody can tell."""
    services = load_services(settings.services_file)
    metrics = sources.metrics(settings, services)
    if metrics is None:
        return "PROMETHEUS_URL is not set"
    names = dict.fromkeys((service, *(feature.service for feature in forest.features)))
    question = Question(incident="", services=tuple(names), onset=now - _PRESENT, now=now, graph=services)
    try:
        answers = metric_queries.ask(metrics, question)
    except PortError as error:
        return str(error)
    seen = readable(forest, answers, question)
    if isinstance(seen, str):
        return seen
    matrix, looked = seen
    return judge(matrix, looked.times, looked.rows)


def _table(forest: Forest, verdict: Verdict) -> Table:
    rows, days = span(forest)
    said = group_sentence(verdict) or sentence(verdict)
    about = f"{forest.service}: {said}\n{rows} rows of {days:.1f} days, {forest.trained_at:%m-%d %H:%M} UTC"
    left_out = "".join(f"\nnot in it: {said}" for said in forest.left_out)
    table = Table(title=Text(without_invisible(about + left_out)))
    for column in ("series", "value", "on average", "more usual by", "contributes"):
        table.add_column(column)
    for part in verdict.parts:
        table.add_row(
            Text(without_invisible(named(part.feature, forest))), _valued(part, part.value), _valued(part, part.mean),
            f"{part.rise:+.3f}", "yes" if part.contributes else "",
        )  # fmt: skip
    return table


def _valued(part: Part, value: float) -> Text:
    return Text(without_invisible(f"{value:.4g} {part.feature.unit}".strip()))


def _document(forest: Forest, found: Verdict | str) -> dict[str, Any]:
    """The rows are for machines of our own."""
    head = forest.model_dump(mode="json", exclude={"times", "matrix"})
    if isinstance(found, str):
        return head | {"verdict": None, "why": found}
    parts = [
        {
            "series": named(p.feature, forest),
            "value": p.value,
            "mean": p.mean,
            "rise": p.rise,
            "contributes": p.contributes,
        }
        for p in found.parts
    ]
    said = {"is_anomaly": found.is_anomaly, "score": found.score, "at": found.at, "parts": parts}
    return head | {"verdict": said}
