"""A cause, its chain and the next place to look, in sentences. Names from outside are cleaned before they are shown."""

from collections.abc import Iterable, Sequence

from analysis.confidence import Seen
from analysis.explaining import EXPLAINS
from analysis.redaction import name
from domain.diagnosis import Hypothesis
from domain.finding import Category, Finding, Presence, Source
from domain.question import Question

_CAUSES: dict[Category, str] = {
    Category.CONNECTION_POOL: "{service} cannot get connections to its database",
    Category.MEMORY_LEAK: "{service} runs out of memory",
    Category.CPU_SATURATION: "{service} has no processor time left",
    Category.LOAD_SPIKE: "{service} gets more requests than it usually does",
    Category.CACHE: "{service} suffers from its cache",
    Category.BAD_DEPLOYMENT: "{service} runs a release that does not work",
    Category.CONFIG: "{service} is refused or misled by its configuration or credentials",
    Category.DEPENDENCY: "{service} waits for something that it depends on",
    Category.DISK: "{service} has no disk space left",
    Category.NETWORK: "{service} cannot reach others over the network",
    Category.UNKNOWN: "{service} fails, and what was seen does not tell why",
}
# By what became of the calls in which failing traces begin (analysis/traces.py).
_FATES: dict[tuple[Category, object], str] = {
    (Category.DEPENDENCY, "unanswered"): "{service} does not answer those who call it",
    (Category.NETWORK, "between"): "what {service} and {peer} say to each other is lost or late on the way",
}
_CHECKS: dict[Category, str] = {
    Category.CONNECTION_POOL: "who holds the connections of the database of {service}, and the size of its pool",
    Category.MEMORY_LEAK: "the memory of {service} over the last day, and its last out-of-memory kill",
    Category.CPU_SATURATION: "the processor time of {service}, by process",
    Category.LOAD_SPIKE: "who sends the additional requests to {service}",
    Category.CACHE: "hit rate, evictions and memory of the cache of {service}",
    Category.BAD_DEPLOYMENT: "what was released to {service} in the last hour",
    Category.CONFIG: "settings and credentials of {service} that changed or expired",
    Category.DEPENDENCY: "what {service} calls: locks and slow statements in its database, and other services",
    Category.DISK: "free space on the volumes of {service}",
    Category.NETWORK: "name resolution and routes from {service}",
    Category.UNKNOWN: "deployments and changes of configuration of {service} since {since}",
}
_UNSEEN: dict[Source, str] = {
    Source.METRICS: "metrics could not be read: errors, latency and saturation of {service} since {since}",
    Source.LOGS: "logs could not be read: errors of {service} since {since}",
    Source.TRACES: "traces could not be read: where failing requests of {service} begin",
    Source.DATABASE: "the database could not be read: sessions and locks of the database of {service}",
    Source.CHANGES: "changes could not be read: deployments and configuration of {service} since {since}",
    Source.MEMORY: "similar incidents could not be looked up",
}
_SYMPTOMS = frozenset({"metric_shift", "series_vanished", "error_template"})
_OWN_SYMPTOMS = 3


def sentence(service: str, category: Category, supporting: Sequence[Finding]) -> str:
    """The cause in one sentence; `supporting` are the findings that speak for it, strongest first."""
    if category is Category.CONNECTION_POOL:
        return _pool_sentence(service, supporting)
    if category is Category.DEPENDENCY and (lock := _first(supporting, "blocked_sessions")) is not None:
        return _lock_sentence(service, lock)
    if category is Category.BAD_DEPLOYMENT and (release := _first(supporting, "rollout")) is not None:
        return _release_sentence(service, release)
    origin = _first([f for f in supporting if f.service == service], "trace_origin")
    if origin is not None and (said := _FATES.get((category, origin.facts.get("fate")))) is not None:
        return said.format(service=service, peer=name(str(origin.facts.get("peer", "others"))))
    return _CAUSES[category].format(service=service)


def causal_chain(cause: Hypothesis, findings: Sequence[Finding]) -> tuple[str, ...]:
    """From the cause to what users saw: the cause, the service's own symptoms, then the callers that fail with it."""
    own = [
        f
        for f in sorted(findings, key=lambda f: (-f.strength, f.id))
        if f.id in cause.supporting and f.service == cause.service and f.kind in _SYMPTOMS
    ]
    steps = [cause.sentence, *(f.title for f in own[:_OWN_SYMPTOMS]), *_callers(cause, findings)]
    return tuple(dict.fromkeys(steps))


def look_next(ranked: Sequence[Hypothesis], view: Seen, question: Question) -> tuple[str, ...]:
    """Where a person would look now: at what was not seen, then at what would tell the first candidates apart."""
    service = ranked[0].service if ranked else question.primary
    since = f"{question.onset:%H:%M} UTC"
    unseen = [_UNSEEN[s].format(service=service, since=since) for s in view.missing if s in _UNSEEN]
    checks = [f"look at {_CHECKS[h.category].format(service=h.service, since=since)}" for h in ranked[:3]]
    if not ranked:
        checks = [f"look at {_CHECKS[Category.UNKNOWN].format(service=service, since=since)}"]
    return tuple(dict.fromkeys((*unseen, *checks)))


def _pool_sentence(service: str, supporting: Sequence[Finding]) -> str:
    holder = _first(supporting, "idle_sessions")
    if holder is not None:
        facts = holder.facts
        return (
            f"{service} cannot get connections: {name(str(facts['application']))} holds {facts['idle']} of "
            f"{facts['limit']} connections of database {facts['database']} idle (oldest {_seconds(facts['oldest_s'])})"
        )
    full = _first(supporting, "connections_used")
    if full is not None:
        facts = full.facts
        return (
            f"{service} cannot get connections: {facts['used']} of {facts['limit']} connections of database "
            f"{facts['database']} are in use"
        )
    return _CAUSES[Category.CONNECTION_POOL].format(service=service)


def _lock_sentence(service: str, lock: Finding) -> str:
    facts = lock.facts
    return (
        f"{service} waits for a lock on {name(str(facts['relation']))} in database {facts['database']}: "
        f"{name(str(facts['blocker_application']))} (pid {facts['blocker_pid']}, {name(str(facts['blocker_state']))}, "
        f"transaction open for {_seconds(facts['blocker_age_s'])}) blocks {facts['waiting']} sessions"
    )


def _release_sentence(service: str, release: Finding) -> str:
    facts = release.facts
    before = facts.get("before_onset_s")
    when = f", released {_seconds(before)} before it began" if before is not None else ""
    image = facts.get("image")
    shown = f" ({name(str(image))})" if image else ""
    what = f"revision {facts['revision']}" if "revision" in facts else name(str(facts.get("version", "")))
    return f"{service} runs a release that does not work: {what}{shown}{when}"


def _callers(cause: Hypothesis, findings: Iterable[Finding]) -> list[str]:
    said: list[str] = []
    for finding in sorted(findings, key=lambda f: (-f.strength, f.id)):
        if finding.kind == "trace_origin" and finding.service == cause.service:
            said += [
                f"{fact.removeprefix(EXPLAINS)} fails with it: {float(share):.0%} of its failing traces begin "
                f"in {cause.service}"
                for fact, share in sorted(finding.facts.items())
                if fact.startswith(EXPLAINS)
            ]
    if said:
        return list(dict.fromkeys(said))
    moved = [f for f in findings if f.id in cause.supporting and f.service not in (cause.service, None)]
    names = sorted({str(f.service) for f in moved if f.presence is Presence.FOUND})
    return [f"{caller} depends on {cause.service} and fails with it" for caller in names]


def _first(findings: Sequence[Finding], kind: str) -> Finding | None:
    """The finding of this kind that weighs most."""
    return max((f for f in findings if f.kind == kind), key=lambda f: (f.strength, f.id), default=None)


def _seconds(value: object) -> str:
    seconds = float(value) if isinstance(value, int | float) else 0.0
    if seconds < 120:  # noqa: PLR2004 -- people count seconds up to two minutes
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"  # noqa: PLR2004
