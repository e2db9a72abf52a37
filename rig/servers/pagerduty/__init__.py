"""PagerDuty on loopback: REST v2 and Events v2 as far as we use them, with the vendor's checks, people and webhooks."""

from rig.servers.pagerduty.account import KEY, POLICIES, ROUTING_KEYS, SENDER, SERVICE, Account, Incident, Page
from rig.servers.pagerduty.server import PagerDutyServer, Trouble
from rig.servers.pagerduty.webhooks import SECRET, sign

__all__ = [
    "KEY", "POLICIES", "ROUTING_KEYS", "SECRET", "SENDER", "SERVICE", "Account", "Incident", "Page",
    "PagerDutyServer", "Trouble", "sign",
]  # fmt: skip
