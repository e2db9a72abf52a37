"""The machine and its incidents as gauges for Prometheus: what the rules of deploy/prometheus judge."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from domain.levels import Severity
from domain.listing import Counts
from starter.machine.facts import Automation, Health, Machine

Family = GaugeMetricFamily


def gauges(machine: Machine | None, counts: Counts | None, now: datetime) -> Iterable[Family]:
    """What is not known is left out, never zero."""
    if machine is not None:
        yield from _of_machine(machine, now)
    if counts is not None:
        yield from _of_counts(counts, now)


def _of_machine(machine: Machine, now: datetime) -> Iterator[Family]:
    yield _one("nightshift_looked_seconds", "Age of what is known of the machine.", (now - machine.at).total_seconds())
    up = Family("nightshift_up", "Does it answer? 1 or 0, by kind and name.", labels=["kind", "name"])
    kinds = {"source": machine.sources, "channel": machine.channels, "server": (machine.temporal, machine.store)}
    for kind, parts in kinds.items():
        for part in parts:
            if part.health is not Health.OFF:
                up.add_metric([kind, part.name], 0.0 if part.health is Health.DOWN else 1.0)
    yield up
    pollers = Family("nightshift_queue_workers", "Workers that poll a task queue.", labels=["queue"])
    oldest = Family("nightshift_queue_oldest_seconds", "Age of the oldest task of a queue.", labels=["queue"])
    for queue in machine.queues:
        if queue.workers is not None:
            pollers.add_metric([queue.name], queue.workers)
            oldest.add_metric([queue.name], queue.oldest_s)
    yield from (pollers, oldest)
    late = Family(
        "nightshift_schedule_late_seconds", "How late the next success of a schedule is.", labels=["schedule"]
    )
    paused = Family("nightshift_schedule_paused", "1 while a schedule is paused.", labels=["schedule"])
    for schedule in machine.schedules or ():
        late.add_metric([schedule.name], schedule.late_s(now))
        paused.add_metric([schedule.name], float(schedule.paused is not None))
    yield from (late, paused)
    if machine.ended_badly is not None:
        yield _one(
            "nightshift_incidents_ended_badly",
            "Workflows of incidents or of muted alerts that failed, were terminated or timed out, last hour.",
            machine.ended_badly,
        )  # fmt: skip
    if machine.automation is not None:
        yield from _of_automation(machine.automation)


def _of_automation(automation: Automation) -> Iterator[Family]:
    paused = automation.paused is not None
    yield _one("nightshift_automation_paused", "1 while people hold automation.", float(paused))
    yield _one("nightshift_actions_last_hour", "Automatic actions within the last hour.", automation.actions)
    yield _one("nightshift_actions_limit", "The most automatic actions within an hour.", automation.limit)


def _of_counts(counts: Counts, now: datetime) -> Iterator[Family]:
    opened = Family("nightshift_incidents_open", "Open incidents.", labels=["severity"])
    for severity in Severity:
        opened.add_metric([severity], counts.by_severity.get(severity, 0))
    yield opened
    yield _one("nightshift_incidents_at_risk", "Open incidents whose target is at risk or missed.", counts.at_risk)
    yield _one("nightshift_incidents_untold", "Open incidents of which nobody could be told.", counts.untold)
    yield _one("nightshift_incidents_unacknowledged", "Open incidents that nobody has acknowledged.", counts.ack)
    yield _one("nightshift_decisions_waiting", "Plans that wait for a decision.", counts.approval)
    age = (now - counts.oldest_request).total_seconds() if counts.oldest_request else 0.0
    yield _one("nightshift_decision_oldest_seconds", "Age of the oldest request for a decision.", age)


class Ready(Collector):
    """Families that are there already, as prometheus_client wants them."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[Family]:
        return self._families


def _one(name: str, said: str, value: float) -> Family:
    return Family(name, said, value)
