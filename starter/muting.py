"""Whether what comes in is muted: asked of the maintenance windows, and of Alertmanager's silences."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from domain.anomaly import Anomaly
from domain.maintenance import Kind, Muting, Window, declared, muted
from integrations.ports import MaintenanceStore, PortError, SilenceSource

LIMIT_S = 3.0
"""Seconds that an answer may take: whoever delivers waits for it, and without one nothing is muted."""
WINDOWS, SILENCES = "maintenance windows", "silences"
_NAMES: Mapping[Kind, str] = {Kind.MAINTENANCE: WINDOWS, Kind.SILENCE: SILENCES}
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Verdicts:
    """What is muted, by series. `unasked`: who could not be asked; what only they know of mutes nothing."""

    mutings: Mapping[str, Muting] = field(default_factory=dict[str, Muting])
    unasked: tuple[Kind, ...] = ()


class Mutes(Protocol):
    """Which of these anomalies are muted at that moment. Raises nothing: in doubt none is."""

    async def judge(self, anomalies: Iterable[Anomaly], now: datetime) -> Verdicts: ...


class MutesNothing:
    """Where nobody can be asked, and for what a person opens by hand."""

    async def judge(self, anomalies: Iterable[Anomaly], now: datetime) -> Verdicts:  # noqa: ARG002 - by the port
        return Verdicts()


class WindowsAndSilences:
    """Mutes by both. `unasked` is told of each that could not be asked: a page too many is the smaller harm."""

    def __init__(
        self, store: MaintenanceStore, silences: SilenceSource | None, unasked: Callable[[str], None],
        limit_s: float = LIMIT_S,
    ) -> None:  # fmt: skip
        self._store = store
        self._silences = silences
        self._unasked = unasked
        self._limit_s = limit_s

    async def judge(self, anomalies: Iterable[Anomaly], now: datetime) -> Verdicts:
        firing = [anomaly for anomaly in anomalies if anomaly.firing]
        if not firing:
            return Verdicts()
        asked = {Kind.MAINTENANCE: self._windows_at(now)}
        if self._silences is not None:
            asked[Kind.SILENCE] = self._silences.silences
        answers = await asyncio.gather(*(self._asked(_NAMES[kind], ask) for kind, ask in asked.items()))
        windows = [window for answer in answers for window in answer or ()]
        verdicts = {anomaly.series: muted(anomaly, windows, now) for anomaly in firing}
        return Verdicts(
            mutings={series: muting for series, muting in verdicts.items() if muting is not None},
            unasked=tuple(kind for kind, answer in zip(asked, answers, strict=True) if answer is None),
        )

    def _windows_at(self, now: datetime) -> Callable[[], Sequence[Window]]:
        return lambda: [one.window for one in declared(self._store.words(now))]

    async def _asked(self, name: str, ask: Callable[[], Sequence[Window]]) -> Sequence[Window] | None:
        """None: there was no answer, or one that cannot be understood."""
        try:
            async with asyncio.timeout(self._limit_s):
                return await asyncio.to_thread(ask)
        except (PortError, TimeoutError, ValueError) as error:
            why = str(error) or f"no answer within {self._limit_s:g} s"
            _log.warning("could not be asked, so none of them mutes anything", asked=name, reason=why)
            self._unasked(name)
            return None
