"""Alertmanager as the place where people silence alerts. What it sends comes by its webhook (starter/webhooks)."""

from integrations.alertmanager.silences import AlertmanagerSilences

__all__ = ["AlertmanagerSilences"]
