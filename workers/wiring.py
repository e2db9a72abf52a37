"""From settings to ports: what a worker process needs, and no more."""

from config import adapters
from config.policy import load_policy
from config.settings import Settings
from domain.services import ServiceMap
from workers.registry import Ports


def ports(settings: Settings, services: ServiceMap) -> Ports:
    """Everything that the settings name. Raises ConfigError when the store is not configured."""
    store = adapters.store(settings)
    return Ports(
        incidents=store.incidents,
        audit=store.audit,
        guard=store.guard,
        memory=store.memory,
        evidence=store.evidence,
        postmortems=store.postmortems,
        metrics=adapters.metrics(settings),
        logs=adapters.logs(settings),
        traces=adapters.traces(settings),
        databases=adapters.databases(settings),
        remediators=adapters.remediators(settings, services),
        channels=adapters.channels(settings),
        postmortem_folder=settings.postmortems,
        # The defaults would only observe: who gives the worker no policy leaves it to the incidents' copies.
        policy=load_policy(settings.policy_file) if settings.policy_file else None,
    )
