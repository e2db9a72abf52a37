"""What is held back: judged again, handed over, and written down."""

from pydantic import AwareDatetime
from temporalio import activity

from activities.errors import as_application_error, retry_only_what_helps
from domain.anomaly import Anomaly
from domain.holding import KEPT_FOR, Held, MutedRow
from domain.model import Model
from integrations.ports import MaintenanceStore, MutedDoor, PortError


class Again(Model):
    """What is held, to be judged as of `at`."""

    held: tuple[Held, ...]
    at: AwareDatetime


class Still(Model):
    """What of it is muted still; the rest has gone to its incidents."""

    held: tuple[Held, ...] = ()


class HandOver(Model):
    """What goes to its incidents whatever mutes it."""

    anomalies: tuple[Anomaly, ...]


class Rows(Model):
    """What is to be written down."""

    rows: tuple[MutedRow, ...]


class MutingActivities:
    """`door` leads to incidents; None: this process has no way to Temporal, and what asks for it waits for another."""

    def __init__(self, door: MutedDoor | None, store: MaintenanceStore) -> None:
        self._door = door
        self._store = store

    @activity.defn(name="judge_muted_again")
    async def again(self, asked: Again) -> Still:
        """Safe to repeat: what an incident knows already is nothing new to it."""
        try:
            return Still(held=tuple(await self._way().again(asked.held, asked.at)))
        except PortError as error:
            raise as_application_error(error) from error

    @activity.defn(name="hand_over_muted")
    async def hand_over(self, asked: HandOver) -> None:
        try:
            await self._way().hand_over(asked.anomalies)
        except PortError as error:
            raise as_application_error(error) from error

    @activity.defn(name="record_muted")
    @retry_only_what_helps
    def record(self, asked: Rows) -> None:
        """Write down what was muted, and what has become of it. The table grows here and nowhere else, so it is here
        that what is long over is dropped.
        """
        if asked.rows:
            self._store.record(asked.rows)
            self._store.forget(max(row.at for row in asked.rows) - KEPT_FOR)

    def _way(self) -> MutedDoor:
        if self._door is None:
            raise RuntimeError("what is held back is served without a door to incidents: workers.lifecycle has it")
        return self._door
