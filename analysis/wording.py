"""What words of an error say: its category for people, and the kinds of cause that it speaks for.

The patterns are the messages of common servers and drivers (PostgreSQL, MySQL, psycopg, SQLAlchemy, HikariCP, the JVM,
the Linux kernel, Go, Node). The text is untrusted: it is only ever matched, and how much one source may say is bounded
in the ranking.
"""

import re
from enum import StrEnum

from domain.finding import Category

Weights = dict[Category, float]


class LogCategory(StrEnum):
    """Spec section 3."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    MEMORY = "memory"
    DISK = "disk"
    AUTH = "auth"
    OTHER = "other"


# UNKNOWN means: it speaks for trouble at this service, of whatever kind. Words that name a cause do so a little, too.
_SYMPTOM: Weights = {Category.UNKNOWN: 0.5}
_CALLEE: Weights = {Category.UNKNOWN: 0.5, Category.DEPENDENCY: 0.7}
_PLACE: Weights = {Category.UNKNOWN: 0.3}


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.I)


# The first that matches counts: what is told apart comes before what is general.
_CAUSES: tuple[tuple[re.Pattern[str], Weights], ...] = (
    (
        _words(
            r"too many (?:connections|clients)|remaining connection slots"
            r"|connection pool (?:is )?(?:exhausted|timed out)|couldn.t get a connection|queuepool limit|pool timeout"
            r"|unable to acquire (?:jdbc )?connection|connection is not available, request timed out"
            r"|max(?:imum)?[_ ](?:user_)?connections"
        ),
        {Category.CONNECTION_POOL: 1.0},
    ),
    (
        _words(
            r"statement timeout|lock (?:wait )?timeout|lock wait|deadlock|could not obtain lock|database is locked"
            r"|canceling statement|query (?:timed out|timeout|execution was interrupted)"
        ),
        {Category.DEPENDENCY: 1.0},
    ),
    (
        # Who is called is not there, by the words of the drivers of PostgreSQL, MySQL and MongoDB.
        _words(
            r"is the server running|database system is (?:shutting down|starting up|in recovery)"
            r"|terminating connection due to|server closed the connection unexpectedly"
            r"|can.t connect to (?:local )?(?:mysql )?server|lost connection to (?:mysql )?server"
            r"|no reachable servers|no primary (?:server|node)"
        ),
        {Category.DEPENDENCY: 1.0},
    ),
    (
        _words(r"out of memory|outofmemory|heap (?:space|out of)|cannot allocate memory|oom[- ]?kill|memoryerror"),
        {Category.MEMORY_LEAK: 1.0},
    ),
    (
        _words(
            r"no space left|disk (?:is )?full|disk quota|read-only file ?system|enospc|out of storage"
            r"|storage (?:space )?is (?:getting low|critically low|low|full)|low (?:free )?storage"
        ),
        {Category.DISK: 1.0},
    ),
    (
        _words(r"checkpoints are occurring too frequently|checkpoint storm|i/o wait|disk ?queue"),
        {Category.DISK: 0.7},
    ),
    (
        _words(r"replica(?:tion)? (?:lag|replay|delay)|replay is behind|conflict with recovery"),
        {Category.DEPENDENCY: 0.7},
    ),
    (
        _words(r"failover|health check fail|host (?:is )?(?:unreachable|down)"),
        {Category.NETWORK: 0.7},
    ),
    (
        _words(r"redis.*(?:oom|evict|misconf)|cache (?:is )?full|maxmemory"),
        {Category.CACHE: 1.0},
    ),
    (
        _words(
            r"name or service not known|name resolution|no such host|getaddrinfo|no route to host"
            r"|network is unreachable"
        ),
        {Category.NETWORK: 1.0},
    ),
    (
        _words(r"connection (?:was )?(?:refused|reset|aborted|closed|timed out)|broken pipe|econn(?:refused|reset)"),
        {Category.DEPENDENCY: 0.5, Category.NETWORK: 0.5},
    ),
    (
        _words(
            r"authentication failed|permission denied|access denied|unauthori[sz]ed|forbidden|certificate"
            r"|invalid credentials"
        ),
        {Category.CONFIG: 0.7},
    ),
    (
        _words(
            r"(?:missing|invalid|unknown|unset) (?:setting|config\w*|environment variable)|keyerror: '[A-Z_]+'"
            r"|is not set\b"
        ),
        {Category.CONFIG: 0.8},
    ),
    (
        _words(
            r"(?:nosuchmethod|classnotfound|modulenotfound|import|attribute|nullpointer|syntax)(?:error|exception)"
            r"|undefined is not|column .* does not exist"
        ),
        {Category.BAD_DEPLOYMENT: 0.6},
    ),
    (
        # What a caller says of the service that it called: true of the call, silent about the cause.
        _words(
            r"\banswered 5\d\d|bad gateway|service unavailable|gateway time-?out|upstream|could not be reached"
            r"|circuit ?breaker.{0,60}\bopen\b|circuit (?:is )?open"
        ),
        _CALLEE,
    ),
    (_words(r"timed? ?out|deadline exceeded|did not answer"), _CALLEE),
)

# What a caller says of a call that it did not make, though the words name no cause of its own.
_NOT_MADE = _words(
    r"name or service not known|name resolution|no such host|getaddrinfo|circuit ?breaker.{0,60}\bopen\b"
    r"|circuit (?:is )?open"
)
_OF_A_CALL = frozenset({Category.UNKNOWN, Category.DEPENDENCY, Category.NETWORK})

_CATEGORIES: tuple[tuple[re.Pattern[str], LogCategory], ...] = (
    (
        _words(r"out of memory|outofmemory|heap (?:space|out of)|allocate memory|oom|memoryerror"),
        LogCategory.MEMORY,
    ),
    (_words(r"no space left|disk|file ?system|enospc|i/o error"), LogCategory.DISK),
    (
        _words(
            r"authenticat|permission denied|access denied|unauthori[sz]ed|forbidden|certificate|credential|password"
        ),
        LogCategory.AUTH,
    ),
    (
        _words(
            r"too many (?:connections|clients)|connection|connect\b|pool|broken pipe|no route|unreachable|no such host"
        ),
        LogCategory.CONNECTION,
    ),
    (_words(r"time-?d? ?-?out|deadline|did not answer|answered 504"), LogCategory.TIMEOUT),
    (_words(r"answered 5\d\d|bad gateway|service unavailable|could not be reached"), LogCategory.CONNECTION),
)


def category_of(text: str) -> LogCategory:
    """The category under which people look for this message."""
    return next((category for pattern, category in _CATEGORIES if pattern.search(text)), LogCategory.OTHER)


def causes_of(text: str) -> Weights:
    """Kinds of cause that the words speak for, with weights 0 to 1; words that nobody knows speak for UNKNOWN."""
    return _PLACE | next((weights for pattern, weights in _CAUSES if pattern.search(text)), _SYMPTOM)


def never_left(text: str) -> bool:
    """Do the words of a failed call say that it never left the caller? It had no connection, name or leave for it."""
    return _NOT_MADE.search(text) is not None or not causes_of(text).keys() <= _OF_A_CALL


def failing_call() -> Weights:
    """What a call that failed without a word speaks for."""
    return dict(_CALLEE)
