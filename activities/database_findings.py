"""Findings from a database's sessions: how full it is, who sits on connections, and who blocks whom."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import monotonic

from activities.bulk import MOST_MISSING
from analysis.bits import ABSENT_BITS
from analysis.database import SATURATED_FROM, Blocker, Holder, blockers, holders, saturation_bits
from analysis.redaction import name as clean
from analysis.starving import UNASKED
from domain.finding import Category, Finding, Presence, Source, Window, missing
from domain.services import Database
from integrations.ports import DatabaseSource, DatabaseState, PortError, Rejected, SessionGroup, Unavailable

_LEAST_BITS = 0.5
_LONGEST_WHY = 300
_AT_ONCE = 16
# Two of its limits for connecting: the whole look has twenty seconds.
_PATIENCE_S = 8.0
_MOST_EACH = 3
# Sessions are counted, not sampled: a database with room rules its pool out more firmly than silence elsewhere.
_ROOM_BITS = 3 * ABSENT_BITS


@dataclass(frozen=True)
class Answer:
    """What a service's database says, or why it says nothing."""

    service: str
    database: Database
    state: DatabaseState | PortError


def asked(
    source: DatabaseSource, owned: Sequence[tuple[str, Database]], patience_s: float = _PATIENCE_S
) -> list[Answer]:
    """All servers at once, the databases of each one after the other: the role that looks has few connections. A server
    on which so many seconds were waited in vain is not asked for the rest of its databases.
    """
    servers: dict[str, list[tuple[str, Database]]] = {}
    for service, database in owned:
        servers.setdefault(database.watch, []).append((service, database))
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="databases") as pool:
        ask = partial(_of_server, source, patience_s)
        return [one for answers in pool.map(ask, servers.values()) for one in answers]


def _of_server(source: DatabaseSource, patience_s: float, owned: Sequence[tuple[str, Database]]) -> list[Answer]:
    answers: list[Answer] = []
    away, waited = None, 0.0
    for service, database in owned:
        began = monotonic()
        state = away if away is not None and waited >= patience_s else _state(source, database)
        if isinstance(state, Unavailable):
            away, waited = state, waited + monotonic() - began
        answers.append(Answer(service, database, state))
    return answers


def _state(source: DatabaseSource, database: Database) -> DatabaseState | PortError:
    try:
        return source.state(database)
    except PortError as error:
        return error


def of_all(answers: Sequence[Answer], window: Window, query: str) -> list[Finding]:
    """What those say that answered, and what is missing of the others."""
    said = [
        finding
        for one in answers
        if isinstance(one.state, DatabaseState)
        for finding in findings_of(one.service, one.database, one.state, query)
    ]
    return [*said, *_unasked(answers, window)]


def content(answers: Sequence[Answer]) -> dict[str, object]:
    """For the store: the whole states, by their targets."""
    return {
        one.database.target: one.state.model_dump(mode="json")
        for one in answers
        if isinstance(one.state, DatabaseState)
    }


def findings_of(service: str, database: Database, state: DatabaseState, query: str) -> list[Finding]:
    """What the state says about this service. The service's own application is never named as a holder."""
    window = Window(start=state.at, end=state.at)
    blank = Finding(source=Source.DATABASE, kind="", service=service, title="", window=window, query=query)
    found = [
        *(
            _held(blank, database, state, h)
            for h in holders(state.groups, database.application, state.used, state.limit)
        ),
        *(_blocked(blank, database, b) for b in blockers(state.blocked, state.used)[:_MOST_EACH]),
    ]
    telling = [f for f in found if f.strength >= _LEAST_BITS]
    full = _full(blank, database, state)
    if full is not None:
        return [*telling, full]
    return telling or [_room(blank, database, state)]


def _unasked(answers: Sequence[Answer], window: Window) -> list[Finding]:
    """Those that could not be asked, each with its service: of the others more may be known. Where they are more than
    a page can bear, one finding says it of all, and has their services as facts: none of them may pass for asked.
    """
    said = [(one, _why(one.state)) for one in answers if isinstance(one.state, PortError)]
    if len(said) > MOST_MISSING:
        names = ", ".join(one.database.name for one, _ in said[:_MOST_EACH])
        why = f"{len(said)} databases, {names} among them, could not be asked: {said[0][1]}"
        whose: dict[str, str | int | float | bool] = {f"{UNASKED}{one.service}": True for one, _ in said}
        return [missing(Source.DATABASE, why[:_LONGEST_WHY], window).model_copy(update={"facts": whose})]
    return [
        missing(Source.DATABASE, why, window).model_copy(
            update={"service": one.service, "title": f"database {one.database.name}: {why}"}
        )
        for one, why in said
    ]


def _why(error: PortError) -> str:
    said = f"refused: {error}" if isinstance(error, Rejected) else str(error)
    return said[:_LONGEST_WHY]


def _full(blank: Finding, database: Database, state: DatabaseState) -> Finding | None:
    """Connections have run out, or are about to. The share is of what the database may have."""
    strength = saturation_bits(state.used, state.limit)
    share = state.used / state.limit
    if share < SATURATED_FROM:
        return None
    return blank.model_copy(
        update={
            "kind": "connections_used",
            "strength": strength,
            "value": share,
            "unit": "share",
            "title": f"database {database.name}: {state.used} of {state.limit} connections in use{_most(state)}",
            "categories": {Category.CONNECTION_POOL: 1.0},
            "facts": {**_occupancy(database, state), "share": share},
        }
    )


def _held(blank: Finding, database: Database, state: DatabaseState, h: Holder) -> Finding:
    title = (
        f"database {database.name}: {clean(h.application)} (role {clean(h.role)}) holds {h.idle} of {state.limit} "
        f"connections idle, the oldest for {h.oldest_s:.0f} s"
    )
    return blank.model_copy(
        update={
            "kind": "idle_sessions",
            "strength": h.strength,
            "value": float(h.idle),
            "unit": "sessions",
            "title": title,
            "categories": {Category.CONNECTION_POOL: 1.0},
            "facts": {
                **_occupancy(database, state),
                "role": h.role,
                "application": h.application,
                "idle": h.idle,
                "oldest_s": h.oldest_s,
                "share": h.share,
            },
        }
    )


def _blocked(blank: Finding, database: Database, b: Blocker) -> Finding:
    title = (
        f"database {database.name}: {clean(b.application)} (pid {b.pid}, {clean(b.state)}) blocks {b.waiting} sessions "
        f"on {clean(b.relation)}, the longest for {b.longest_s:.1f} s"
    )
    return blank.model_copy(
        update={
            "kind": "blocked_sessions",
            "strength": b.strength,
            "value": float(b.waiting),
            "unit": "sessions",
            "title": title,
            "categories": {Category.DEPENDENCY: 1.0},
            "against": {Category.CONNECTION_POOL: 1.0},
            "facts": {
                "target": database.target,
                "database": database.name,
                "blocker_pid": b.pid,
                "blocker_role": b.role,
                "blocker_application": b.application,
                "blocker_state": b.state,
                "blocker_age_s": b.age_s,
                "relation": b.relation,
                "waiting": b.waiting,
                "longest_wait_s": b.longest_s,
                "share": b.share,
            },
        }
    )


def _room(blank: Finding, database: Database, state: DatabaseState) -> Finding:
    title = (
        f"database {database.name}: {state.used} of {state.limit} connections in use, no other application sits on "
        "them and nobody waits; that speaks against its pool"
    )
    return blank.model_copy(
        update={
            "presence": Presence.ABSENT,
            "kind": "sessions_normal",
            "title": title,
            "strength": _ROOM_BITS,
            "value": state.used / state.limit,
            "unit": "share",
            "against": {Category.CONNECTION_POOL: 1.0, Category.DEPENDENCY: 0.3},
            "facts": _occupancy(database, state),
        }
    )


def _occupancy(database: Database, state: DatabaseState) -> dict[str, str | int | float | bool]:
    return {"target": database.target, "database": database.name, "used": state.used, "limit": state.limit}


def _most(state: DatabaseState) -> str:
    """Who holds most of them, so that a person need not ask."""
    if not state.groups:
        return ""
    top: SessionGroup = max(state.groups, key=lambda g: (g.count, g.application, g.state))
    return f", {top.count} of them by {clean(top.application)} ({clean(top.state)})"
