"""Findings from changes: what was released or configured shortly before, and what happened to the pods since."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from activities import windows
from analysis.bits import ABSENT_BITS
from analysis.changes import count_bits, kill_bits, nearness_bits
from analysis.redaction import cut, name, template
from domain.finding import Category, Finding, Presence, Source
from domain.question import Question
from domain.services import Deployment
from integrations.ports import Change, ChangeKind, Changes, Release

_SHOWN_FIELDS = 10
_LONGEST_FIELDS = 300
# A release this long before the trouble may still be why its pods cannot start.
_RECENT = timedelta(hours=1)
_CANNOT_CONFIGURE = frozenset({"CreateContainerConfigError", "FailedMount"})
_SPEAKS_FOR: Mapping[ChangeKind, dict[Category, float]] = {
    ChangeKind.ROLLOUT: {Category.BAD_DEPLOYMENT: 1.0},
    ChangeKind.CONFIG: {Category.CONFIG: 1.0},
    ChangeKind.OOM_KILL: {Category.MEMORY_LEAK: 1.0},
    ChangeKind.CRASH: {Category.UNKNOWN: 0.5},
    ChangeKind.FAILING: {Category.UNKNOWN: 0.5},
    ChangeKind.WARNING: {Category.UNKNOWN: 0.3},
    # Shown, and no cause by themselves.
    ChangeKind.RESTART: {},
    ChangeKind.SCALING: {},
}
_CAUSES = frozenset({ChangeKind.ROLLOUT, ChangeKind.CONFIG})


def findings_of(service: str, deployment: Deployment, seen: Changes, question: Question, query: str) -> list[Finding]:
    """What changed or happened; and, when nothing was released or configured before the onset, that."""
    blank = Finding(
        source=Source.CHANGES, kind="", service=service, title="", window=windows.changes(question), query=query,
        facts=_runs(seen),
    )  # fmt: skip
    found = [_finding(blank, change, seen, question) for change in seen.changes]
    if any(f.strength > 0 and f.kind in _CAUSES for f in found):
        return found
    return [*found, _calm(blank, deployment)]


def _finding(blank: Finding, change: Change, seen: Changes, question: Question) -> Finding:
    before_s = (question.onset - change.at).total_seconds()
    strength = _strength(change, before_s)
    return blank.model_copy(update={
        "kind": change.kind.value,
        "title": f"{seen.target}: {_said(change)}, {_when(before_s)}",
        "strength": strength,
        "value": float(change.count),
        "unit": "times",
        "onset": change.at,
        "categories": _speaks_for(change, seen, question) if strength > 0 else {},
        "facts": {**blank.facts, **_facts(change, seen, before_s)},
    })  # fmt: skip


def _strength(change: Change, before_s: float) -> float:
    match change.kind:
        case ChangeKind.ROLLOUT | ChangeKind.CONFIG:
            return nearness_bits(before_s)
        case ChangeKind.OOM_KILL:
            return kill_bits(change.count)
        case ChangeKind.RESTART | ChangeKind.SCALING:
            return 0.0
        case _:
            return count_bits(change.count)


def _speaks_for(change: Change, seen: Changes, question: Question) -> dict[Category, float]:
    """Pods that die or cannot start speak for the release that they are of, when that is new."""
    usual = _SPEAKS_FOR[change.kind]
    if change.kind not in {ChangeKind.CRASH, ChangeKind.FAILING}:
        return usual
    if change.fields and change.fields[0] in _CANNOT_CONFIGURE:
        return {**usual, Category.CONFIG: 0.7}
    return {**usual, Category.BAD_DEPLOYMENT: 0.7} if _released_lately(seen, question) else usual


def _released_lately(seen: Changes, question: Question) -> bool:
    return any(
        c.kind is ChangeKind.ROLLOUT and c.release == seen.runs and question.now - c.at <= _RECENT for c in seen.changes
    )


def _said(change: Change) -> str:
    """Words of events are masked as log lines are; names of fields are a template's own."""
    if change.kind is ChangeKind.WARNING:
        return f"{change.count} warnings {template(change.said)}"
    parts = [name(change.said) if change.kind is not ChangeKind.ROLLOUT else _rollout_words(change)]
    if change.kind in {ChangeKind.OOM_KILL, ChangeKind.CRASH}:
        parts.append(f"{change.count} times")
    return ", ".join(parts)


def _rollout_words(change: Change) -> str:
    images = ""
    if change.release is not None and change.before is not None and change.release.image != change.before.image:
        images = f" ({name(change.before.image)} → {name(change.release.image)})"
    return f"{change.said}{images}, changed: {_fields(change)}"


def _fields(change: Change) -> str:
    shown = ", ".join(change.fields[:_SHOWN_FIELDS]) or "nothing"
    more = len(change.fields) - _SHOWN_FIELDS
    return cut(f"{shown} and {more} more" if more > 0 else shown)


def _when(before_s: float) -> str:
    if before_s < 0:
        return f"{_minutes(-before_s)} after the onset"
    return f"{_minutes(before_s)} before the onset"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"  # noqa: PLR2004 - as people say it


def _runs(seen: Changes) -> dict[str, str | int | float | bool]:
    """What every finding about a deployment says: which one it is and what runs there. Plans are built from it."""
    facts: dict[str, str | int | float | bool] = {
        "target": seen.target, "uid": seen.uid, "replicas": seen.replicas, "ready": seen.ready,
    }  # fmt: skip
    if seen.runs is not None:
        facts |= {"runs_revision": seen.runs.revision, "runs_template_hash": seen.runs.template_hash}
    return facts


def _facts(change: Change, seen: Changes, before_s: float) -> dict[str, str | int | float | bool]:
    facts: dict[str, str | int | float | bool] = {"at": change.at.isoformat(), "before_onset_s": before_s}
    if change.fields:
        facts["changed"] = cut(_fields(change), _LONGEST_FIELDS)
    if change.release is not None:
        facts |= _release("", change.release) | {"runs_now": change.release == seen.runs, "returned": change.returned}
    if change.before is not None:
        earlier = _earlier(change, seen)
        facts |= _release("to_", change.before) | {
            "revisions": ",".join(str(r.revision) for r in earlier),
            "releases": ",".join(f"{r.revision}:{r.fingerprint}" for r in earlier),
        }
    return facts


def _earlier(change: Change, seen: Changes) -> Sequence[Release]:
    """Releases that came before it and can be put back, newest first."""
    came = change.release.revision if change.release is not None else 0
    return [release for release in seen.kept if release.revision < came]


def _release(prefix: str, release: Release) -> dict[str, str | int | float | bool]:
    return {
        f"{prefix}revision": release.revision, f"{prefix}template_hash": release.template_hash,
        f"{prefix}image": name(release.image), f"{prefix}fingerprint": release.fingerprint,
    }  # fmt: skip


def _calm(blank: Finding, deployment: Deployment) -> Finding:
    return blank.model_copy(update={
        "presence": Presence.ABSENT,
        "kind": "no_release",
        "title": f"{deployment.target}: nothing was released or configured in the hour before; that speaks against it",
        "strength": ABSENT_BITS,
        "against": {Category.BAD_DEPLOYMENT: 1.0, Category.CONFIG: 0.5},
    })  # fmt: skip
