"""Lists of incidents and their counts: filters and keyset pages in SQL."""

from datetime import datetime
from typing import Any

from domain.levels import Severity
from domain.listing import Counts, Filter, Page, Place
from domain.model import read
from domain.view import IncidentView
from integrations.store.documents import text
from integrations.store.pool import Pool

# The order of domain.listing.Place, each part so that smaller comes first.
_ORDER = """closed, needs = 'none', coalesce(sla_due, 'infinity'::timestamptz),
    CASE WHEN closed THEN 0 ELSE -severity_rank END, -extract(epoch FROM opened_at), incident"""

# Findings and timelines are most of a view, and no list shows them. Which rows are on the page is settled first: else
# the view of every incident would be read before the sort.
_PAGE = f"""
WITH found AS MATERIALIZED (
SELECT incident FROM nightshift.incidents
WHERE (NOT %(open_only)s OR NOT closed)
    AND (NOT %(at_risk)s OR risk_from <= %(now)s)
    AND (%(states)s::text[] IS NULL OR state = ANY(%(states)s))
    AND (%(severities)s::text[] IS NULL OR severity = ANY(%(severities)s))
    AND (%(needs)s::text[] IS NULL OR needs = ANY(%(needs)s))
    AND (%(outcomes)s::text[] IS NULL OR outcome = ANY(%(outcomes)s))
    AND (%(causes)s::text[] IS NULL OR cause = ANY(%(causes)s))
    AND (%(service)s = '' OR service = %(service)s OR services @> ARRAY[%(service)s]::text[])
    AND (%(text)s = '' OR strpos(lower(concat_ws(E'\n', incident, title, service, cause_text)), %(text)s) > 0)
    AND (%(since)s::timestamptz IS NULL OR opened_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR opened_at < %(until)s)
    AND (%(after)s::text IS NULL OR ({_ORDER}) > (
        %(closed)s, %(calm)s, coalesce(%(due)s::timestamptz, 'infinity'::timestamptz), -%(rank)s::int,
        -extract(epoch FROM %(opened_at)s::timestamptz), %(after)s))
ORDER BY {_ORDER}
LIMIT %(limit)s)
SELECT view - 'findings' - 'timeline' FROM found JOIN nightshift.incidents USING (incident)
ORDER BY {_ORDER}
"""  # noqa: S608 - nothing from outside

_COUNT = """
SELECT severity, count(*), count(*) FILTER (WHERE needs = 'approval'), count(*) FILTER (WHERE needs = 'ack'),
    count(*) FILTER (WHERE risk_from <= %(now)s), count(*) FILTER (WHERE untold), min(asked_at)
FROM nightshift.incidents WHERE NOT closed GROUP BY severity
"""


class Listing:
    """Reads pages and counts."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def page(self, by: Filter, now: datetime, after: Place | None, limit: int) -> Page:
        """At most `limit` incidents that come after a place."""
        asked = {**_wanted(by), **_place(after), "now": now, "limit": limit + 1}
        with self._pool.transaction() as connection:
            rows = connection.execute(_PAGE, asked).fetchall()
        views = tuple(read(IncidentView, row[0]) for row in rows[:limit])
        return Page(views=views, after=Place.of(views[-1]) if len(rows) > limit else None)

    def counts(self, now: datetime) -> Counts:
        """Counts of what is open, by one grouped query."""
        with self._pool.transaction() as connection:
            rows = connection.execute(_COUNT, {"now": now}).fetchall()
        _, opened, approval, ack, at_risk, untold, asked = zip(*rows, strict=True) if rows else ((),) * 7
        return Counts(
            open=sum(opened), approval=sum(approval), ack=sum(ack), at_risk=sum(at_risk), untold=sum(untold),
            oldest_request=min((at for at in asked if at is not None), default=None),
            by_severity={Severity(row[0]): row[1] for row in rows},
        )  # fmt: skip


def _wanted(by: Filter) -> dict[str, Any]:
    lists = {name: [str(one) for one in getattr(by, name)] or None
             for name in ("states", "severities", "needs", "outcomes", "causes")}  # fmt: skip
    return {
        **lists, "open_only": by.open_only, "at_risk": by.at_risk, "service": text(by.service),
        "text": text(by.text).lower(), "since": by.since, "until": by.until,
    }  # fmt: skip


def _place(after: Place | None) -> dict[str, Any]:
    if after is None:
        return dict.fromkeys(("closed", "calm", "due", "rank", "opened_at", "after"))
    facts = after.model_dump(exclude={"incident"})
    return {**facts, "after": text(after.incident)}
