"""The web application's parts over stand-ins."""

from starter.identity.desk import Desk
from starter.intake import Intake
from starter.live import LiveIncidents
from starter.parts import Parts
from tests.fakes import (
    FakeAudit,
    FakeFeedback,
    FakeFilters,
    FakeIncidents,
    FakeIntake,
    FakeLive,
    FakeMemory,
    FakePostmortems,
    FakeSynchroniser,
    FakeThresholds,
)  # fmt: skip


def parts_with(
    intake: Intake | None = None, live: LiveIncidents | None = None, incidents: FakeIncidents | None = None,
    desk: Desk | None = None,
) -> Parts:  # fmt: skip
    """Parts over fakes; the store answers a ping unless the fake of its incidents is broken."""
    store = incidents or FakeIncidents()
    return Parts(
        intake=intake or FakeIntake(),
        live=live or FakeLive(),
        synchroniser=FakeSynchroniser(),
        incidents=store,
        audit=FakeAudit(),
        postmortems=FakePostmortems(),
        feedback=FakeFeedback(),
        thresholds=FakeThresholds(),
        memory=FakeMemory(),
        filters=FakeFilters(),
        ping_store=lambda: raise_if(store.error),
        desk=desk,
    )


def raise_if(error: Exception | None) -> None:
    if error is not None:
        raise error
