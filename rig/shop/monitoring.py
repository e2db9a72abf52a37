"""How the shop is watched: what Prometheus scrapes, with which labels, and where the alert rules are."""

from pathlib import Path

from rig.servers.prometheus import ScrapeJob

RULES_FILE = Path(__file__).with_name("prometheus_rules.yaml")
SCRAPE_SECONDS = 5
EVALUATION_SECONDS = 5
# The window of every rate in the rules, seconds: a verification that looks sooner sees the past.
RATE_WINDOW_SECONDS = 30


def scrape_job(service: str, address: str) -> ScrapeJob:
    """The job for one service at `address` (host:port).

    The instance has a name of its own instead of the address: ports are new at each start, and the series
    would break there.
    """
    return ScrapeJob(job_name(service), [address], labels={"service": service, "instance": f"{service}-1"})


def scraped_labels(service: str) -> dict[str, str]:
    """All labels that the scrape adds to what a service exposes."""
    return {"job": job_name(service), "service": service, "instance": f"{service}-1"}


def job_name(service: str) -> str:
    """The name of a service's job."""
    return f"shop-{service}"
