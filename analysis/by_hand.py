"""What a person can do where a database's sessions or a release are the cause: look, ask, and only then end or undo.

No name from outside stands in a statement: who copies one of these into a prompt runs what is written here. A
deployment's name is the one in services.yaml, which takes nothing but Kubernetes' own names.
"""

from collections.abc import Callable, Mapping, Sequence

from analysis.redaction import name
from domain.diagnosis import Hypothesis
from domain.finding import Finding


def by_hand(cause: Hypothesis, findings: Sequence[Finding]) -> tuple[str, ...]:
    """Steps for a person, in their order, from the strongest finding that supports this cause and can be acted on."""
    place = {finding: n for n, finding in enumerate(cause.supporting)}
    ours = sorted(
        (f for f in findings if f.id in place and f.kind in _STEPS and cause.category in f.categories),
        key=lambda f: place[f.id],
    )
    return _STEPS[ours[0].kind](ours[0]) if ours else ()


def _end_the_blocker(lock: Finding) -> tuple[str, ...]:
    pid = int(lock.facts["blocker_pid"])
    look = f"SELECT * FROM pg_stat_activity WHERE pid = {pid};"  # noqa: S608 -- a number, and a person reads it
    return (
        f"look at who holds the lock, in database {_fact(lock, 'database')}: {look}",
        f"ask the owner of {_fact(lock, 'blocker_application')} ({_fact(lock, 'blocker_role')}) to commit or roll back",
        f"if nobody can, a person may decide to end it, which rolls its work back: SELECT pg_terminate_backend({pid});",
    )


def _end_the_idle(held: Finding) -> tuple[str, ...]:
    look = "SELECT * FROM pg_stat_activity WHERE state = 'idle' ORDER BY state_change;"
    end = "SELECT pg_terminate_backend(PID);"
    return (
        f"look at the idle sessions, in database {_fact(held, 'database')}: {look}",
        f"ask the owner of {_fact(held, 'application')} ({_fact(held, 'role')}) to give its connections back",
        f"if nobody can, a person may decide to end them, one PID of that list at a time: {end}",
    )


def _take_it_back(rollout: Finding) -> tuple[str, ...]:
    if "target" not in rollout.facts:
        return (
            f"look at what release {_fact(rollout, 'version')} changed, in place of {_fact(rollout, 'version_before')}",
            "ask who released it whether it changed the database: the release before may not fit it any more",
        )
    _, namespace, deployment = str(rollout.facts["target"]).split("/", 2)
    at = f"kubectl --namespace {namespace} rollout"
    seen = f"look at what was released: {at} history deployment/{deployment}"
    if "to_revision" not in rollout.facts:
        return (seen,)
    back = f"{at} undo deployment/{deployment} --to-revision={int(rollout.facts['to_revision'])}"
    return (
        seen,
        "ask who released it whether it changed the database: the release before may not fit it any more",
        f"if it did not, a person may decide to take it back: {back}",
    )


_STEPS: Mapping[str, Callable[[Finding], tuple[str, ...]]] = {
    "blocked_sessions": _end_the_blocker,
    "idle_sessions": _end_the_idle,
    "rollout": _take_it_back,
}


def _fact(finding: Finding, key: str) -> str:
    return name(str(finding.facts.get(key, "")))
