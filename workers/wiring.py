"""From settings to ports: what a worker process needs, and no more."""

from activities.example import EXAMPLES
from activities.texts import BrokenTemplate, Texts
from config import adapters
from config.errors import ConfigError
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
        texts=checked_texts(settings),
        postmortem_folder=settings.postmortems,
        identity_key=settings.identity_key,
    )


def checked_texts(settings: Settings) -> Texts:
    """The templates, tried on examples: what is wrong with one shows now and not at night. Raises ConfigError."""
    try:
        texts = Texts(settings.templates)
        texts.check(EXAMPLES)
    except BrokenTemplate as broken:
        raise ConfigError(f"NIGHTSHIFT_TEMPLATES: {broken}") from None
    return texts
