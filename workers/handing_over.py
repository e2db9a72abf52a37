"""Our own anomalies enter by the same door as other systems' alerts: one service, one incident, whoever saw it."""

from collections.abc import Sequence

from temporalio.client import Client

from config.settings import Settings
from domain.anomaly import Anomaly
from integrations.ports import Unavailable
from starter.away import TemporalAway
from starter.house import house_of
from starter.intake import TemporalIntake


class HandingOver:
    """AnomalyIntake through Temporal, with signal-with-start."""

    def __init__(self, client: Client, settings: Settings) -> None:
        """Raises ConfigError for a policy, services or people that do not fit."""
        self._intake = TemporalIntake(client, house_of(settings))

    async def accept(self, anomalies: Sequence[Anomaly]) -> tuple[str, ...]:
        try:
            return await self._intake.accept(anomalies)
        except TemporalAway as away:
            raise Unavailable(str(away)) from away
