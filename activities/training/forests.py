"""The forests of a round: the history that is asked for forecasts becomes training rows of its service too."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from activities.training.keeping import kept_or_put_off
from analysis.forest.matrix import Column, align, column
from analysis.forest.sealing import Refused, opened, versions
from domain.detection import series_key
from domain.forecast import RETRAINED_AFTER, Question
from domain.forest import MOST_FEATURES, Feature, Forest
from domain.services import Expression
from integrations.ports import ForestStore, Series

_log = logging.getLogger(__name__)
Kept = Literal["forests", "forests_not_ready"]


class Forests:
    """Which services are due, and what is gathered of the one whose questions are being asked."""

    def __init__(self, store: ForestStore, questions: Iterable[Question], now: datetime) -> None:
        self._store = store
        self._now = now
        self._questions: dict[str, list[Question]] = {}
        for question in questions:
            self._questions.setdefault(question.service, []).append(question)
        self._known: dict[str, Forest] = {}
        self.refused = 0
        self.due = frozenset(service for service in self._questions if self._is_due(service))
        self._columns: list[Column] = []

    def gather(
        self, question: Question, expression: Expression, answer: Sequence[Series],
        left_out: Sequence[tuple[float, float]],
    ) -> None:  # fmt: skip
        """The series of an expression: the oldest ones of them, as no more would be used."""
        if question.service not in self.due:
            return
        points: dict[str, dict[float, float]] = {}
        labels: dict[str, Mapping[str, str]] = {}
        for series in answer:
            key = series_key(question.service, expression, series.labels)
            # Pods one after the other are one series; of two at once the first one counts.
            points[key] = dict(series.points) | points.get(key, {})
            labels.setdefault(key, series.labels)
        oldest = sorted(points, key=lambda key: (min(points[key]), key))[: MOST_FEATURES + 1]
        for key in oldest:
            feature = Feature(
                key=key, service=question.service, expression=expression.name, query=question.query,
                unit=expression.unit, labels=tuple(sorted(labels[key].items())),
            )  # fmt: skip
            samples = sorted(points[key].items())
            self._columns.append(
                column(feature, expression.kind, expression.floor, samples, left_out, self._now.timestamp())
            )

    def keep(self, service: str) -> Kept | None:
        """Keep what was gathered of a service; None: it was not due."""
        if service not in self.due:
            return None
        columns, self._columns = self._columns, []
        found = align(columns)
        empty = Forest(
            service=service, versions=versions(), queries=self._queries(service), trained_at=self._now,
            again_at=self._now + RETRAINED_AFTER,
        )  # fmt: skip
        kept = kept_or_put_off(self._store, found, empty, self._known.get(service), self._now)
        return "forests" if kept else "forests_not_ready"

    def _is_due(self, service: str) -> bool:
        """Not fresh, or not what was kept: what cannot be trusted is made anew."""
        known, queries = self._store.load(service), self._queries(service)
        if known is None:
            return True
        found = opened(known) if known.ready else None
        if isinstance(found, Refused):
            _log.warning("the forest of %s is not used and made anew: %s", service, found.reason)
            self.refused += 1
            return True
        if known.fresh(queries, versions(), self._now):
            return False
        if found is not None and known.queries == queries:
            self._known[service] = known
        return True

    def _queries(self, service: str) -> tuple[str, ...]:
        return tuple(question.query for question in self._questions[service])
