"""What Alertmanager posts in a storm: one delivery for each group, as large as the webhook takes."""

from collections.abc import Iterator
from typing import Any

_MOST_IN_ONE = 25_000
"""Alerts in one delivery: some 15 MB. Alertmanager puts a whole group into one, however large."""


def storm(alerts: int, services: int, began: str, name: str) -> Iterator[dict[str, Any]]:
    """All deliveries of so many alerts, spread evenly over so many services; each alert is a series of its own.

    The services are called by the name and a number.
    """
    shares = [alerts // services + (number < alerts % services) for number in range(services)]
    for number, share in enumerate(shares):
        service = f"{name}-{number:03}"
        for first in range(0, share, _MOST_IN_ONE):
            yield delivery(service, range(first, min(share, first + _MOST_IN_ONE)), began)


def delivery(service: str, numbers: range, began: str) -> dict[str, Any]:
    """One delivery, version 4 of Alertmanager's webhook."""
    return {
        "version": "4", "status": "firing", "receiver": "nightshift", "groupKey": f'{{}}:{{service="{service}"}}',
        "alerts": [_alert(service, number, began) for number in numbers],
    }  # fmt: skip


def _alert(service: str, number: int, began: str) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {
            "alertname": "PodDown", "service": service, "severity": "high", "pod": f"{service}-{number:05}",
            "namespace": "shop", "cluster": "eu-1",
        },
        "annotations": {"summary": f"pod {number} of {service} does not answer", "value": "1", "threshold": "0.5"},
        "startsAt": began,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.invalid/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
        "fingerprint": f"{service}-{number:05}",
    }  # fmt: skip
