"""From settings to ports: what the queues of this worker process need, and no more.

A credential that a process does not need is not even read by it, so that those that act can live in one deployment.
"""

from collections.abc import Collection

from temporalio import activity

from activities.example import EXAMPLES
from activities.texts import BrokenTemplate, Texts
from config.adapters import care, kubernetes, sources
from config.adapters.model import language_model
from config.adapters.people import channels
from config.adapters.store import own_store
from config.advice import advice_terms
from config.errors import ConfigError
from config.people import load_people
from config.policy import load_policy
from config.settings import Settings
from domain.services import ServiceMap
from integrations.ports import AnomalyIntake, MutedDoor
from workers.registry import NAMES, Ports
from workflows.contract import (
    ADVICE_QUEUE,
    DETECTION_QUEUE,
    INVESTIGATION_QUEUE,
    NOTIFICATION_QUEUE,
    REMEDIATION_QUEUE,
    TASK_QUEUE,
    TRAINING_QUEUE,
)

_NEED_STORE = {TASK_QUEUE, INVESTIGATION_QUEUE, REMEDIATION_QUEUE, DETECTION_QUEUE, ADVICE_QUEUE, TRAINING_QUEUE}
_NEED_METRICS = {TASK_QUEUE, INVESTIGATION_QUEUE, DETECTION_QUEUE, TRAINING_QUEUE}


def ports(
    settings: Settings, services: ServiceMap, names: Collection[str] = NAMES, intake: AnomalyIntake | None = None,
    door: MutedDoor | None = None,
) -> Ports:  # fmt: skip
    """What the settings name for these queues. `intake`: None: what detection finds goes nowhere, so it does not look.
    `door`: where what is held back goes in the end, wherever incidents are served.

    Raises ConfigError when one needs the store and none is configured, or a model has no price."""
    served = set(names)
    store = own_store(settings) if served & _NEED_STORE else None
    looks, acts, tells = (queue in served for queue in (INVESTIGATION_QUEUE, REMEDIATION_QUEUE, NOTIFICATION_QUEUE))
    # The defaults would only observe: who gives the worker no policy leaves it to the incidents' copies.
    policy = load_policy(settings.policy_file) if acts and settings.policy_file else None
    return Ports(
        incidents=store.incidents if store else None,
        audit=store.audit if store else None,
        guard=store.guard if store else None,
        memory=store.memory if store else None,
        evidence=store.evidence if store else None,
        postmortems=store.postmortems if store else None,
        feedback=store.feedback if store else None,
        metrics=sources.metrics(settings, services) if served & _NEED_METRICS else None,
        logs=sources.logs(settings) if looks else None,
        traces=sources.traces(settings) if looks else None,
        databases=sources.databases(settings) if looks else None,
        changes=kubernetes.changes(settings) if looks else None,
        remediators=care.remediators(settings, services, _leaving) if acts else (),
        channels=channels(settings) if tells else (),
        texts=checked_texts(settings) if tells else None,
        postmortem_folder=settings.postmortems,
        identity_key=settings.identity_key if served & {TASK_QUEUE, REMEDIATION_QUEUE} else None,
        policy=policy,
        limits=load_people(settings, policy).limits if policy is not None else {},
        series=store.series if store else None,
        forecasts=store.forecasts if store else None,
        forests=store.forests if store else None,
        thresholds=store.thresholds if store else None,
        maintenance=store.maintenance if store else None,
        shards=store.shards if store else None,
        intake=intake,
        door=door,
        services=services,
        detection_every_s=settings.detection_every_s,
        model=language_model(settings) if ADVICE_QUEUE in served else None,
        terms=advice_terms(settings) if ADVICE_QUEUE in served else None,
        ledger=store.model_calls if store else None,
    )


def _leaving() -> bool:
    """Has this worker been told to stop? Asked by what waits long: another worker's next try waits on."""
    return activity.in_activity() and activity.is_worker_shutdown()


def checked_texts(settings: Settings) -> Texts:
    """The templates, tried on examples: what is wrong with one shows now and not at night. Raises ConfigError."""
    try:
        texts = Texts(settings.templates)
        texts.check(EXAMPLES)
    except BrokenTemplate as broken:
        raise ConfigError(f"NIGHTSHIFT_TEMPLATES: {broken}") from None
    return texts
