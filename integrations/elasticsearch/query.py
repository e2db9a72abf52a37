"""The search that is sent to Elasticsearch, as a body and as a link."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from domain.finding import Window
from integrations.log_fields import LogFields, Names


def log_query(fields: LogFields, services: Sequence[str], window: Window, levels: Sequence[str]) -> dict[str, Any]:
    """Body of a search for lines of these services at these levels, newest first.

    Levels are matched in the spellings that loggers use (ERROR, error, Error). `total` is counted in full. The time
    comes back in one form, whatever form the documents hold.
    """
    spelt = list(
        dict.fromkeys(form for level in levels for form in (level, level.upper(), level.lower(), level.title()))
    )
    at = {"gte": window.start.isoformat(), "lt": window.end.isoformat()}
    return {
        "query": {
            "bool": {
                "filter": [
                    {"range": {fields.timestamp: {**at, "format": "strict_date_optional_time"}}},
                    _any_of(fields.service, services),
                    _any_of(fields.level, spelt),
                ]
            }
        },
        "sort": [{fields.timestamp: {"order": "desc", "unmapped_type": "date"}}],
        "track_total_hits": True,
        "_source": fields.all,
        "fields": [{"field": fields.timestamp, "format": "strict_date_optional_time_nanos"}],
    }


def log_link(base: str, index: str, fields: LogFields, services: Sequence[str], window: Window) -> str:
    """The search as an address that a browser opens, in the query string's own language."""
    wanted = " OR ".join(f"{_escaped(name)}:({' OR '.join(map(_quoted, services))})" for name in fields.service)
    start, end = window.start.isoformat(), window.end.isoformat()
    query = f'({wanted}) AND {_escaped(fields.timestamp)}:["{start}" TO "{end}"}}'
    parameters = {"q": query, "sort": f"{fields.timestamp}:desc", "size": 100}
    return f"{base}/{quote(index, safe='*,-')}/_search?{urlencode(parameters)}"


def _any_of(names: Names, values: Sequence[str]) -> dict[str, Any]:
    return {"bool": {"should": [{"terms": {name: list(values)}} for name in names], "minimum_should_match": 1}}


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _escaped(name: str) -> str:
    return name.replace(":", "\\:").replace(" ", "\\ ")
