"""What happened to a deployment besides releases: scalings, deaths of containers, warnings. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from domain.finding import Window
from integrations.kubernetes.objects import (
    ContainerStatus,
    Deployment,
    Event,
    Events,
    OnlyMetadata,
    Pods,
    ReplicaSet,
    Terminated,
)
from integrations.ports import Change, ChangeKind

_SCALED = re.compile(r"Scaled (?:up|down) replica set (\S+) (from \d+ to \d+)")
_NOT_YET = frozenset({"", "ContainerCreating", "PodInitializing"})
_OOM = "OOMKilled"
# Said in a finding of its own kind, with numbers.
_TOLD_ELSEWHERE = frozenset({"BackOff", "OOMKilling"})


def scalings(deployment: Deployment, sets: Sequence[ReplicaSet], events: Events, window: Window) -> Iterator[Change]:
    """Steps of the newest replica set after the last rollout, by whom if somebody used the door for it.

    Within a rollout other replica sets change as well, until it is over.
    """
    steps = [(match[1], match[2], e.last) for e in events.items if e.last and (match := _SCALED.match(e.message))]
    newest = sets[0].metadata.name if sets else ""
    own = {replica_set.metadata.name for replica_set in sets[1:]}
    rolled_out = max((at for name, _, at in steps if name in own), default=window.start)
    for name, step, at in steps:
        if name == newest and not step.startswith("from 0 ") and at > rolled_out and _within(at, window):
            yield Change(kind=ChangeKind.SCALING, at=at, said=f"scaled {step}{_by_whom(deployment)}")


def config_changes(maps: Iterable[OnlyMetadata], window: Window) -> Iterator[Change]:
    """Config maps that were written within the window, by the time of the last writer."""
    for one in maps:
        times = [written.time for written in one.metadata.managed_fields if written.time is not None]
        at = max(times, default=one.metadata.creation_timestamp)
        if at is not None and _within(at, window):
            said = f"config map {one.metadata.name} was written"
            yield Change(kind=ChangeKind.CONFIG, at=at, said=said, fields=(one.metadata.name,))


def deaths(pods: Pods, window: Window) -> Iterator[Change]:
    """Containers that died within the window: killed for memory, or by themselves. Each counts its last death."""
    for kind in (ChangeKind.OOM_KILL, ChangeKind.CRASH):
        dead = [
            (c, end)
            for pod in pods.items
            for c in pod.containers
            if (end := _last_end(c)) is not None and _is(kind, end) and _died_in(end, window)
        ]
        if dead:
            yield _death(kind, dead)


def failing(pods: Pods, at: datetime) -> Iterator[Change]:
    """Containers that wait and cannot start, by the reason."""
    reasons: dict[str, list[datetime]] = {}
    for pod in pods.items:
        waiting = (c.state.waiting.reason for c in pod.containers if c.state.waiting is not None)
        reason = next((r for r in waiting if r not in _NOT_YET), None)
        if reason is not None:
            reasons.setdefault(reason, []).append(pod.metadata.creation_timestamp or at)
    for reason, since in sorted(reasons.items()):
        said = f"{len(since)} of {len(pods.items)} pods wait: {reason}"
        yield Change(kind=ChangeKind.FAILING, at=min(since), said=said, count=len(since), fields=(reason,))


def warnings(events: Events, deployment: Deployment, sets: Sequence[ReplicaSet], window: Window) -> Iterator[Change]:
    """Warnings about the deployment, its replica sets and their pods, by reason, each with its last words."""
    by_reason: dict[str, list[Event]] = {}
    for event in events.items:
        ours = _is_about(event, deployment, sets) and event.last is not None and _within(event.last, window)
        if ours and event.reason not in _TOLD_ELSEWHERE:
            by_reason.setdefault(event.reason, []).append(event)
    for reason, group in sorted(by_reason.items()):
        last = max(group, key=lambda e: e.last or window.start)
        yield Change(
            kind=ChangeKind.WARNING, at=min(e.first_timestamp or e.last or window.start for e in group),
            said=f"{reason}: {last.message}", count=sum(e.count or 1 for e in group), fields=(reason,),
        )  # fmt: skip


def _death(kind: ChangeKind, dead: Sequence[tuple[ContainerStatus, Terminated]]) -> Change:
    count = sum(max(1, container.restart_count) for container, _ in dead)
    names = ", ".join(sorted({container.name for container, _ in dead}))
    codes = ", ".join(sorted({str(end.exit_code) for _, end in dead}))
    said = f"{names} killed for memory" if kind is ChangeKind.OOM_KILL else f"{names} died with exit code {codes}"
    first = min(end.finished_at for _, end in dead if end.finished_at is not None)
    return Change(kind=kind, at=first, said=said, count=count, fields=tuple(sorted({c.name for c, _ in dead})))


def _last_end(container: ContainerStatus) -> Terminated | None:
    return container.state.terminated or container.last_state.terminated


def _is(kind: ChangeKind, end: Terminated) -> bool:
    """A container that ended well, or was told to (143), did not die."""
    if kind is ChangeKind.OOM_KILL:
        return end.reason == _OOM
    return end.reason != _OOM and end.exit_code not in {0, 143}


def _died_in(end: Terminated, window: Window) -> bool:
    return end.finished_at is not None and _within(end.finished_at, window)


def _by_whom(deployment: Deployment) -> str:
    """Who wrote the number of replicas last, as `kubectl scale` and autoscalers do; Kubernetes keeps no time of it."""
    managers = [written.manager for written in deployment.metadata.managed_fields if written.subresource == "scale"]
    return f" by {managers[0]}" if len(managers) == 1 else ""


def _is_about(event: Event, deployment: Deployment, sets: Sequence[ReplicaSet]) -> bool:
    kind, name = event.involved_object.kind, event.involved_object.name
    own = [replica_set.metadata.name for replica_set in sets]
    match kind:
        case "Deployment":
            return name == deployment.metadata.name
        case "ReplicaSet":
            return name in own
        case "Pod":
            return any(name.startswith(f"{one}-") for one in own)
        case _:
            return False


def _within(at: datetime, window: Window) -> bool:
    return window.start <= at <= window.end
