"""A deployment as it stands, for who decides on a plan: two questions, with the rights of who may only look."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.plan import Action, Plan
from domain.prechecks import has_changed
from domain.services import ServiceMap
from domain.standing import Standing
from integrations.kubernetes import objects
from integrations.kubernetes.connection import Cluster
from integrations.kubernetes.differences import MOST_FIELDS, changed_fields
from integrations.kubernetes.reading import Seen, glance
from integrations.kubernetes.target import target_of
from integrations.ports import TargetSource

_SHOWN = (".image", ".resources.limits", ".resources.requests")


class KubernetesTargets(TargetSource):
    """TargetSource for deployments. `services` is this process's own catalogue."""

    actions = frozenset({Action.ROLLBACK_DEPLOYMENT, Action.ROLL_FORWARD, Action.RESTART_SERVICE})

    def __init__(self, cluster: Cluster, services: ServiceMap) -> None:
        self._cluster = cluster
        self._services = services

    def look(self, plan: Plan) -> Standing:
        """What runs, and what would run instead. Raises Unavailable or Rejected."""
        seen = glance(self._cluster, target_of(plan, plan.action, self._services))
        state = seen.state
        before, after, also = _restarted(seen) if plan.action is Action.RESTART_SERVICE else _put_back(plan, seen)
        return Standing(
            at=state.at, before=before, after=after, also=also, objection=has_changed(plan, state),
            about=f"{state.ready} of {state.replicas} replicas ready",
        )  # fmt: skip


Rows = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def _restarted(seen: Seen) -> Rows:
    current = seen.state.current
    release = f"revision {current.number} ({current.image})" if current else "a release that is being rolled out"
    return (f"pods of {release}, as they run now",), ("new pods of the same release, a few at a time",), ()


def _put_back(plan: Plan, seen: Seen) -> Rows:
    wanted = plan.parameters.get("revision")
    old = seen.deployment.spec.template
    new = next((s.spec.template for s in seen.sets if s.revision == wanted), None)
    now = f"revision {seen.state.revision}"
    if new is None:
        return (now, *_values(old).values()), (f"revision {wanted}, which is not kept any more",), ()
    then, after = _values(old), _values(new)
    keys = [key for key in {**then, **after} if then.get(key) != after.get(key)]
    before_rows = (now, *(then[key] for key in keys if key in then))
    after_rows = (f"revision {wanted}", *(after[key] for key in keys if key in after))
    return before_rows, after_rows, tuple(_others(old, new))


def _values(template: Mapping[str, Any]) -> dict[str, str]:
    """Images and resources of each container, as sentences, by what they are of."""
    containers = objects.PodTemplate.model_validate(template).spec.containers
    return {key: said for one in containers for key, said in _of_container(one, several=len(containers) > 1)}


def _of_container(one: objects.Container, *, several: bool) -> Iterator[tuple[str, str]]:
    of = f" of {one.name}" if several else ""
    yield f"{one.name}.image", f"image{of} {one.image}"
    for kind, amounts in (("limits", one.resources.limits), ("requests", one.resources.requests)):
        if amounts:
            said = ", ".join(f"{name} {amount}" for name, amount in sorted(amounts.items()))
            yield f"{one.name}.{kind}", f"{kind}{of} {said}"


def _others(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Names of what else differs, such as a variable of the environment."""
    fields = [field for field in changed_fields(old, new) if not any(shown in field for shown in _SHOWN)]
    yield from fields[:MOST_FIELDS]
    if len(fields) > MOST_FIELDS:
        yield f"{len(fields) - MOST_FIELDS} more"
