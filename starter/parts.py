"""What the web application works with: built once from the settings, or from stand-ins in a test."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import SecretStr

from integrations.ports import AuditLog, IncidentStore, PostmortemStore
from starter.intake import Intake
from starter.live import LiveIncidents
from starter.metrics import StarterMetrics


@dataclass(frozen=True)
class Parts:
    """`ping_store` raises PortError when Postgres does not answer."""

    intake: Intake
    live: LiveIncidents
    incidents: IncidentStore
    audit: AuditLog
    postmortems: PostmortemStore
    ping_store: Callable[[], None]
    webhook_token: SecretStr | None = None
    metrics: StarterMetrics = field(default_factory=StarterMetrics)
