"""How the shop is watched: where Prometheus scrapes, with which labels, and where the alert rules are."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RULES_FILE = Path(__file__).with_name("prometheus_rules.yaml")
JOB = "shop"
SCRAPE_SECONDS = 5
EVALUATION_SECONDS = 5
# The window of every rate in the rules, seconds: a verification that looks sooner sees the past.
RATE_WINDOW_SECONDS = 30


@dataclass(frozen=True)
class ScrapeTarget:
    """One service as Prometheus sees it; `address` is host:port."""

    service: str
    address: str

    @property
    def labels(self) -> dict[str, str]:
        """The labels that the scrape adds.

        The instance has a name of its own instead of the address: ports are new at each start, and the series
        would break there.
        """
        return {"service": self.service, "instance": instance_of(self.service)}


def instance_of(service: str) -> str:
    """The `instance` label of a service; the shop runs one of each."""
    return f"{service}-1"


def scrape_configs(targets: Iterable[ScrapeTarget]) -> list[dict[str, Any]]:
    """The `scrape_configs` part of a Prometheus configuration, ready to be written as YAML."""
    return [
        {
            "job_name": JOB,
            "scrape_interval": f"{SCRAPE_SECONDS}s",
            "scrape_timeout": f"{SCRAPE_SECONDS - 1}s",
            "static_configs": [{"targets": [target.address], "labels": target.labels} for target in targets],
        }
    ]
