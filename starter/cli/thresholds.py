"""`nightshift detect --thresholds` and `--reset`: what false positives have raised, and who takes it back."""

import json
from collections.abc import Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text

from domain.doors import Door
from domain.thresholds import Raised, ThresholdWord, WordKind, in_force
from integrations.ports import ThresholdStore
from starter.cli.exits import Exit, Stop
from starter.cli.output import Output
from starter.untrusted import without_invisible


def listed(words: Sequence[ThresholdWord], output: Output, *, as_json: bool) -> None:
    """The thresholds that are raised now; as JSON with the whole history of words."""
    raised = sorted(in_force(words).values(), key=lambda one: (one.service, one.expression, one.series))
    if as_json:
        document = {
            "thresholds": [one.model_dump(mode="json") for one in raised],
            "history": [word.model_dump(mode="json") for word in words],
        }
        output.line(json.dumps(document))
    elif raised:
        output.table(_table(raised))
    else:
        output.note("no threshold is raised: every series is judged at 3 sigma")


def reset(store: ThresholdStore, series: str, who: str, now: datetime, output: Output) -> None:
    """Back to 3 sigma, by this person's word, which the history keeps. Raises Stop where nothing is raised."""
    found = [one for one in in_force(store.words()).values() if one.series.startswith(series)]
    if len(found) != 1:
        said = f"{len(found)} raised thresholds are of a series that begins with {series!r}"
        raise Stop(Exit.NOT_FOUND, f"{said}; `nightshift detect --thresholds` lists them")
    (one,) = found
    store.add([
        ThresholdWord(
            series=one.series, service=one.service, expression=one.expression, kind=WordKind.RESET, who=who,
            # Whoever marked it may have a clock that is ahead of ours.
            at=max(now, *(word.at for word in one.because)), door=Door.CLI,
        )
    ])  # fmt: skip
    output.note(f"{one.expression} of {one.service} is judged at 3 sigma again, says {who}; it was {one.reason}")


def _table(raised: Sequence[Raised]) -> Table:
    table = Table("series", "service", "expression", "factor", "sigma", "marked false positive")
    for one in raised:
        marks = "\n".join(f"{word.incident} by {word.who}, {word.at:%Y-%m-%d %H:%M} UTC" for word in one.because)
        service, name, said = (Text(without_invisible(text)) for text in (one.service, one.expression, marks))
        table.add_row(one.series[:10], service, name, f"{one.factor:.2f}", f"{one.threshold:.2f}", said)
    return table
