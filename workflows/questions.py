"""What an investigation is asked, and whether all of it is asked once more."""

from datetime import datetime

from domain.anomaly import Anomaly
from domain.fitting import fitting
from domain.question import Question
from domain.second_look import second_look_at
from domain.stretch import stretch_start
from workflows.record import Record
from workflows.shown import SHOWN_ANOMALIES

# Each of six sources is asked with them, five in one task: sources need to know what fires, not its links and labels.
_ASKED_BYTES = 150_000
_LONGEST_TITLE = 300


def question_of(record: Record, now: datetime) -> Question:
    """Our services, then everything that they depend on."""
    graph = record.opening.services
    around = (callee for service in record.services for callee in graph.callees(service))
    services = tuple(dict.fromkeys((*record.services, *around)))
    return Question(
        incident=record.incident, services=services[:SHOWN_ANOMALIES],
        anomalies=fitting(map(_bare, record.anomalies), _ASKED_BYTES, SHOWN_ANOMALIES),
        onset=_asked_about(record), now=now, graph=graph,
    )  # fmt: skip


def asks_again_at(record: Record) -> datetime | None:
    """When all sources are asked once more, as they were asked too early to name a cause that is attested."""
    return second_look_at(record.diagnosis, _asked_about(record), record.asked_at)


def may_be_attested_yet(record: Record, now: datetime) -> bool:
    """Is the cause named, by too few sources to act on, and are all asked once more soon?"""
    known, at = record.diagnosis, asks_again_at(record)
    return known is not None and known.named is not None and at is not None and at > now


def _asked_about(record: Record) -> datetime:
    """Since when it is as it is now."""
    return stretch_start(record.known.values()) or record.onset


def _bare(anomaly: Anomaly) -> Anomaly:
    """What a source needs to know of it."""
    less = {"title": anomaly.title[:_LONGEST_TITLE], "expression": None, "link": None, "runbook": None}
    return anomaly.model_copy(update={**less, "labels": dict[str, str]()})
