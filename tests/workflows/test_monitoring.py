"""Monitoring degraded or a large outage: one incident, HIGH at least, told at once, without automatic action."""

from datetime import timedelta

from domain.anomaly import Anomaly
from domain.detection import SOURCE
from domain.escalation import Reason
from domain.levels import Severity
from domain.silence import MONITORING
from domain.timeline import Kind
from tests.workflows.night import Night, texts, view


async def _gone(night: Night, service: str) -> Anomaly:
    """As our own detection tells of one of many series that have vanished together."""
    alert = await night.alert("up is gone", service=MONITORING, severity=Severity.HIGH, fingerprint=service)
    return alert.model_copy(update={"source": SOURCE, "title": f"monitoring degraded: up of {service} is gone"})


async def test_a_degraded_monitoring_is_one_incident_told_at_once_on_which_nothing_is_done(night: Night) -> None:
    """The findings are those on which the machine ends idle sessions elsewhere."""
    gone = [await _gone(night, service) for service in ("orders", "catalogue", "gateway")]
    handle = await night.open(*gone, key=f"incident-{MONITORING}")
    told = await night.until(handle, lambda v: v.escalated, "people told", step_s=5)
    await night.pass_time(minutes=5)
    seen = await view(handle)
    assert Reason.MONITORING in told.clock.told[0].reasons
    assert told.clock.told[0].at - told.opened_at <= timedelta(minutes=1)
    assert seen.severity.at_least(Severity.HIGH)
    assert (seen.services, seen.alerts) == ((MONITORING,), 3)
    assert seen.diagnosis is not None
    assert (seen.attempts, night.world.remediator.executions) == ((), 0)
    assert any("proves nothing" in text for text in texts(seen, Kind.PLAN))
    assert list(night.world.incidents.views) == [seen.incident]
