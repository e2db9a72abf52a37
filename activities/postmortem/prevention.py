"""What keeps a kind of cause from coming back: per category, filled in with what was found."""

from collections.abc import Sequence
from typing import NamedTuple

from domain.finding import Category, Finding


class Prevention(NamedTuple):
    """Sentences to fill in: `{service}` always, the rest only where a finding of `kind` gives its facts."""

    prevent: str
    measure: str
    detect: str


GENERAL: dict[Category, Prevention] = {
    Category.CONNECTION_POOL: Prevention(
        "Give every user of the database of {service} a limit of its own, and let idle sessions end by themselves "
        "(idle_session_timeout)",
        "the sum of all limits is below the database's, and a test with one greedy user leaves {service} unharmed",
        "Alert when the database of {service} uses 80 % of its connections, before requests fail",
    ),
    Category.MEMORY_LEAK: Prevention(
        "Profile the memory of {service} in CI and fail the build on growth",
        "a soak test of one hour shows flat memory",
        "Alert on the memory trend of {service}, before the limit is reached",
    ),
    Category.CPU_SATURATION: Prevention(
        "Size {service} for its measured peak, with a maximum that an autoscaler may use",
        "a load test at the measured peak stays below 70 % processor time",
        "Alert when {service} uses 80 % of its processor time for five minutes",
    ),
    Category.LOAD_SPIKE: Prevention(
        "Limit the rate of requests that one client may send to {service}, and shed load above its capacity",
        "a load test at twice the peak leaves half of the requests answered within the usual latency",
        "Alert on the request rate of {service} against its forecast",
    ),
    Category.CACHE: Prevention(
        "Set eviction and lifetimes of the cache of {service} for its measured working set",
        "the hit rate of a week stays within its band",
        "Alert on the hit rate and the evictions of the cache of {service}",
    ),
    Category.BAD_DEPLOYMENT: Prevention(
        "Release {service} to a small share first, and roll back by itself when its error ratio leaves the band",
        "a release with a planted fault never reaches all users",
        "Alert on the error ratio of {service} by version",
    ),
    Category.CONFIG: Prevention(
        "Validate the configuration of {service} before it is applied, and renew its credentials before they expire",
        "a wrong value is refused in CI",
        "Alert on credentials of {service} that expire within two weeks",
    ),
    Category.DEPENDENCY: Prevention(
        "Give every call that {service} makes a timeout shorter than its own, and a way to do without it",
        "with the dependency stopped, {service} still answers in a way that was chosen",
        "Alert on latency and errors of what {service} depends on, seen from {service}",
    ),
    Category.DISK: Prevention(
        "Let old data on the volumes of {service} be removed or moved by a rule",
        "a month of growth fits",
        "Alert when a volume of {service} will be full within two days",
    ),
    Category.NETWORK: Prevention(
        "Let {service} survive the loss of one route or name server",
        "a test that cuts one of them leaves {service} answering",
        "Alert on failed connections and name look-ups of {service}",
    ),
}

_SPECIFIC: dict[str, Prevention] = {
    "idle_sessions": Prevention(
        "Give {application} (role {role}) a connection limit of its own in {target}, and let its idle sessions end by "
        "themselves (idle_session_timeout): it held {idle} of {limit} connections idle",
        "with {application} at its limit, {service} still gets every connection that it asks for",
        "Alert when {target} uses 80 % of its {limit} connections, before requests of {service} fail",
    ),
    "blocked_sessions": Prevention(
        "Find out why {blocker_application} (role {blocker_role}) held its lock on {relation} in {target} for "
        "{blocker_age_s:.0f} s, and bound it (lock_timeout, idle_in_transaction_session_timeout)",
        "the same job beside load lets nobody wait for a lock longer than a second",
        "Alert when a session in {target} waits for a lock longer than a few seconds",
    ),
}


def prevention(service: str, category: Category, cited: Sequence[Finding]) -> Prevention | None:
    """What to do about it, with the names that the cited findings give; None for a category without general advice."""
    for finding in cited:
        specific = _SPECIFIC.get(finding.kind)
        if specific is not None:
            return _filled(specific, {**finding.facts, "service": service})
    general = GENERAL.get(category)
    return _filled(general, {"service": service}) if general else None


def _filled(texts: Prevention, facts: dict[str, str | int | float | bool]) -> Prevention | None:
    try:
        return Prevention(*(text.format(**facts) for text in texts))
    except (KeyError, ValueError):
        # A finding without a fact that the sentence names: better no sentence than one with a hole.
        return None
