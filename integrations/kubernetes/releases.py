"""The releases of a deployment, from its replica sets. Pure."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.finding import Window
from integrations.kubernetes.differences import RESTART_ONLY, changed_fields
from integrations.kubernetes.objects import HISTORY, Deployment, Event, Events, ReplicaSet, ReplicaSets
from integrations.ports import Change, ChangeKind, Release

_SCALED_UP = re.compile(r"Scaled up replica set (\S+) (?:from 0 )?to \d+")


def own(deployment: Deployment, sets: ReplicaSets) -> tuple[ReplicaSet, ...]:
    """The deployment's own replica sets that have a revision, newest first."""
    uid = deployment.metadata.uid
    mine = [
        s
        for s in sets.items
        if s.revision is not None and any(owner.uid == uid for owner in s.metadata.owner_references)
    ]
    return tuple(sorted(mine, key=lambda s: s.revision or 0, reverse=True))


def release_of(replica_set: ReplicaSet) -> Release:
    return Release(
        revision=replica_set.revision or 0, template_hash=replica_set.template_hash,
        image=image_of(replica_set), fingerprint=fingerprint(replica_set),
    )  # fmt: skip


def fingerprint(replica_set: ReplicaSet) -> str:
    """Of this very replica set and the template in it: 32 characters of a SHA-256 over its uid and the template.

    The label pod-template-hash stays when somebody writes another template into a replica set.
    """
    text = json.dumps([replica_set.metadata.uid, replica_set.spec.template], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def image_of(replica_set: ReplicaSet) -> str:
    """The image of the first container, empty without one."""
    return next((container.image for container in replica_set.spec.pods.spec.containers), "")


def returned(replica_set: ReplicaSet) -> bool:
    """Was it released before, and came back? Then it has more than one revision."""
    return bool(replica_set.metadata.annotations.get(HISTORY))


def rollouts(deployment: Deployment, sets: Sequence[ReplicaSet], events: Events, window: Window) -> list[Change]:
    """Releases within the window, and restarts by template, newest first; each against the one that ran before it.

    A replica set is made when its release comes for the first time. When it comes back, the events say when, for about
    an hour; later the last word on the newest rollout's progress is all that is left.
    """
    found: list[Change] = []
    for replica_set, before in zip(sets, [*sets[1:], None], strict=True):
        at = _released_at(deployment, replica_set, newest=replica_set is sets[0], events=events)
        if before is not None and at is not None and window.start <= at <= window.end:
            found.append(_rollout(replica_set, before, at))
    return found


def _rollout(replica_set: ReplicaSet, before: ReplicaSet, at: datetime) -> Change:
    fields = changed_fields(before.spec.template, replica_set.spec.template)
    came, went = release_of(replica_set), release_of(before)
    if fields == RESTART_ONLY:
        return Change(kind=ChangeKind.RESTART, at=at, said=f"restarted as revision {came.revision}", release=came)
    back = returned(replica_set)
    said = f"revision {came.revision} {'came back' if back else 'was released'} after revision {went.revision}"
    return Change(
        kind=ChangeKind.ROLLOUT, at=at, said=said, fields=fields, release=came, before=went, returned=back
    )  # fmt: skip


def _released_at(deployment: Deployment, replica_set: ReplicaSet, *, newest: bool, events: Events) -> datetime | None:
    if not returned(replica_set):
        return replica_set.metadata.creation_timestamp
    came_back = max(_scaled_up(replica_set.metadata.name, events.items), default=None)
    if came_back is not None or not newest:
        return came_back
    told = (c.last_update_time for c in deployment.status.conditions if c.type == "Progressing")
    return next(told, None)


def _scaled_up(name: str, events: Iterable[Event]) -> Iterable[datetime]:
    for event in events:
        match = _SCALED_UP.match(event.message)
        if match is not None and match[1] == name and event.reason == "ScalingReplicaSet" and event.last is not None:
            yield event.last
