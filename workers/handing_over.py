"""Our own anomalies enter by the same door as other systems' alerts: one service, one incident, whoever saw it."""

from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from temporalio import activity
from temporalio.client import Client

from config.adapters import sources
from config.adapters.store import own_store
from config.settings import Settings
from domain.anomaly import Anomaly
from domain.holding import Held
from integrations.ports import Unavailable
from starter.away import TemporalAway
from starter.house import house_of
from starter.intake import TemporalIntake
from starter.muting import WindowsAndSilences

T = TypeVar("T")


class HandingOver:
    """AnomalyIntake and MutedDoor through Temporal, with signal-with-start. What people muted is asked of both:
    Alertmanager never sends what it silences, so it knows of nothing that our own detection finds.
    """

    def __init__(self, client: Client, settings: Settings) -> None:
        """Raises ConfigError for a policy, services or people that do not fit, and without a store."""
        mutes = WindowsAndSilences(own_store(settings).maintenance, sources.silences(settings), _count_unasked)
        self._intake = TemporalIntake(client, house_of(settings), mutes=mutes)

    async def accept(self, anomalies: Sequence[Anomaly]) -> tuple[str, ...]:
        return await _or_unavailable(lambda: self._intake.accept(anomalies))

    async def again(self, held: Sequence[Held], at: datetime) -> Sequence[Held]:
        return await _or_unavailable(lambda: self._intake.again(held, at))

    async def hand_over(self, anomalies: Sequence[Anomaly]) -> None:
        await _or_unavailable(lambda: self._intake.hand_over(anomalies, datetime.now(UTC)))


async def _or_unavailable(told: Callable[[], Coroutine[Any, Any, T]]) -> T:
    try:
        return await told()
    except TemporalAway as away:
        raise Unavailable(str(away)) from away


def _count_unasked(who: str) -> None:
    if activity.in_activity():
        said = "Times that windows or silences could not be asked, so that nothing was muted by them."
        meter = activity.metric_meter().with_additional_attributes({"asked": who})
        meter.create_counter("nightshift_muting_unasked", said).add(1)
