"""What may be done to the systems under care, and looks at what that would change."""

from collections.abc import Callable, Sequence

from config.adapters.kubernetes import cluster
from config.settings import Settings
from domain.plan import Action
from domain.services import ServiceMap
from integrations.kubernetes import KubernetesTargets, Patience, PutBack, Restart, never
from integrations.ports import Remediator, TargetSource
from integrations.postgres.kill_connections import KillConnections
from integrations.postgres.standing import PostgresTargets


def remediators(settings: Settings, services: ServiceMap, leaving: Callable[[], bool] = never) -> Sequence[Remediator]:
    """What this process may do to the systems under care. `leaving`: is it about to end?"""
    found: list[Remediator] = []
    if settings.connections:
        found.append(KillConnections(settings.connections, services))
    acted_on = cluster(settings, remedy=True)
    if acted_on is not None:
        patience = Patience(leaving=leaving)
        both = (Action.ROLLBACK_DEPLOYMENT, Action.ROLL_FORWARD)
        put_back = (PutBack(action, acted_on, services, patience) for action in both)
        found += [Restart(acted_on, services, patience), *put_back]
    return tuple(found)


def targets(settings: Settings, services: ServiceMap) -> Sequence[TargetSource]:
    """Looks at what plans would change, with the rights of who may only look."""
    found: list[TargetSource] = []
    if settings.connections:
        found.append(PostgresTargets(settings.connections, services))
    looked_at = cluster(settings)
    if looked_at is not None:
        found.append(KubernetesTargets(looked_at, services))
    return tuple(found)
