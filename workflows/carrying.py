"""What goes from one run of an incident to the next: the whole record, as it stands at that moment."""

from collections.abc import Iterable
from dataclasses import replace

from pydantic import TypeAdapter

from domain.anomaly import Anomaly
from domain.folding import folded
from domain.timeline import Entry
from domain.view import Delivery
from workflows.contract import Opening
from workflows.record import Record
from workflows.shown import SHOWN_ANOMALIES, SHOWN_DELIVERIES, SHOWN_ENTRIES

LARGEST = 1_200_000
"""Bytes. Temporal refuses a payload of more than 2 MB and ends the run for it; a codec makes it larger."""
_TITLE = 200
_RECORD = TypeAdapter(Record)


def carried(record: Record, largest: int = LARGEST) -> Opening | None:
    """With what the next run begins: a copy that what happens now does not change. None: it is larger than `largest`.

    What nobody can see any more is left behind: rows that are folded, deliveries and repeated words that are older.
    Only a record that is too large so loses the long texts of those alerts that no page has room for.
    """
    short = replace(
        record, timeline=_ends(record.timeline), deliveries=[*_deliveries(record)], clock=folded(record.clock),
    )  # fmt: skip
    for whole in (len(record.known), SHOWN_ANOMALIES, 0):
        kept = replace(short, known={a.series: a for a in _known(record, whole)})
        if len(_RECORD.dump_json(kept)) <= largest:
            facts = _RECORD.dump_python(kept, mode="json", exclude={"opening"})
            return record.opening.model_copy(update={"carried": facts, "first": None})
    return None


def resumed(opening: Opening) -> Record | None:
    """The record that an earlier run handed over; None: this is the first run."""
    if opening.carried is None:
        return None
    return _RECORD.validate_python({**opening.carried, "opening": opening.model_copy(update={"carried": None})})


def _ends(timeline: list[Entry]) -> list[Entry]:
    """The rows that are shown: how it began and where it stands."""
    half = SHOWN_ENTRIES // 2
    return timeline if len(timeline) <= SHOWN_ENTRIES else [*timeline[:half], *timeline[-half:]]


def _deliveries(record: Record) -> Iterable[Delivery]:
    """Those that are shown, and of each channel the last that was delivered: it counts as one that reaches people."""
    reached = {d.channel: d for d in record.deliveries if d.delivered}
    recent = record.deliveries[-SHOWN_DELIVERIES:]
    return [d for d in record.deliveries if d in recent or d is reached.get(d.channel)]


def _known(record: Record, whole: int) -> Iterable[Anomaly]:
    """All series in the order in which they became known, the first `whole` of those that are shown in full."""
    full = {a.series for a in record.anomalies[:whole]}
    return (a if a.series in full else _slim(a) for a in record.known.values())


def _slim(anomaly: Anomaly) -> Anomaly:
    """Enough to know it again, to judge how bad it is, and to ask whether it still fires."""
    less = {"title": anomaly.title[:_TITLE], "expression": None, "link": None, "runbook": None}
    return anomaly.model_copy(update=less)
