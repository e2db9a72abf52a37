"""PagerDuty: incidents by its REST API, or alerts by Events v2 where there are routing keys only."""

from integrations.pagerduty.events import PagerDutyEvents
from integrations.pagerduty.incidents import PagerDutyIncidents

__all__ = ["PagerDutyEvents", "PagerDutyIncidents"]
