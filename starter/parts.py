"""What the web application works with: built once from the settings, or from stand-ins in a test."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import SecretStr
from temporalio.converter import PayloadCodec

from domain.levels import Risk
from integrations.ports import (
    AuditLog,
    FeedbackStore,
    FilterStore,
    IncidentStore,
    Memory,
    PostmortemStore,
    ThresholdStore,
    Whisperer,
)  # fmt: skip
from starter.closing import Closing
from starter.identity.desk import Desk
from starter.intake import Intake
from starter.live import LiveIncidents
from starter.machine.watch import MachineWatch
from starter.metrics import StarterMetrics
from starter.synchronising import Synchroniser
from starter.targets import Targets
from starter.webhooks.pagerduty.translation import HERE, Home


@dataclass(frozen=True)
class Parts:
    """`ping_store` raises PortError when Postgres does not answer.

    `hosts`: the names by which callers may address us. A page of somebody else whose name was pointed at this machine
    (DNS rebinding) comes with another one, and gets nothing. `pagerduty_home` tells our pages from those of
    others, and of another installation of Nightshift that pages by the same account.
    `slack_decides_up_to`: the highest risk that a button decides on, whoever presses it and wherever it comes from.
    `codec` opens and seals for Temporal's web UI; None where nothing is sealed.
    `desk`: where people are recognised; None: nobody is known, so that nobody can decide on a page.
    """

    intake: Intake
    live: LiveIncidents
    synchroniser: Synchroniser
    incidents: IncidentStore
    audit: AuditLog
    postmortems: PostmortemStore
    feedback: FeedbackStore
    thresholds: ThresholdStore
    memory: Memory
    filters: FilterStore
    ping_store: Callable[[], None]
    webhook_token: SecretStr | None = None
    desk: Desk | None = None
    temporal_ui: str | None = None
    codec: PayloadCodec | None = None
    pagerduty_secrets: tuple[SecretStr, ...] = ()
    pagerduty_home: Home = HERE
    slack_secret: SecretStr | None = None
    slack: Whisperer | None = None
    slack_decides_up_to: Risk = Risk.HIGH
    namespace: str = "default"
    hosts: tuple[str, ...] = ("*",)
    metrics: StarterMetrics = field(default_factory=StarterMetrics)
    machine: MachineWatch = field(default_factory=MachineWatch)
    targets: Targets = field(default_factory=Targets)
    closing: Closing = field(default_factory=Closing)
