"""What a request gets: headers checked as the vendor checks them, then the account's word."""

import json
from collections.abc import Callable
from email.message import Message
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rig.servers.pagerduty.account import (
    DEFAULT_POLICY,
    KEY,
    POLICIES,
    SERVICE,
    USERS,
    Account,
    ApiError,
    EventError,
    Incident,
)

_LARGEST_EVENT = 512_000
_ACCEPT = "application/vnd.pagerduty+json;version=2"
Answer = tuple[int, dict[str, Any]]


def answer(account: Account, method: str, target: str, headers: "Message[str, str]", body: bytes) -> Answer:
    """Status and body, for both APIs."""
    parts = urlsplit(target)
    try:
        if parts.path == "/v2/enqueue":
            return _enqueue(account, body, headers.get("Content-Type", ""))
        user = _who(headers, change=method != "GET")
        return _rest(account, method, parts.path, parse_qs(parts.query), body, user)
    except ApiError as error:
        return error.status, error.body
    except EventError as error:
        return 400, error.body


def _who(headers: "Message[str, str]", *, change: bool) -> str:
    """The user in whose name it is done."""
    if headers.get("Authorization") != f"Token token={KEY}":
        raise ApiError(401, 2006, "Authentication failed")
    if headers.get("Accept") != _ACCEPT:
        raise ApiError(406, 2001, "Invalid Input Provided", f"Accept must be {_ACCEPT}")
    if not change:
        return ""
    found = next((user for user, (_, mail) in USERS.items() if mail == headers.get("From")), None)
    if found is None:
        raise ApiError(400, 1008, "Requester User Not Found")
    return found


def _enqueue(account: Account, body: bytes, kind: str) -> Answer:
    if len(body) > _LARGEST_EVENT:
        raise EventError([f"the event is larger than {_LARGEST_EVENT} bytes"])
    if not kind.startswith("application/json"):
        raise EventError(["JSON is wanted"])
    dedup = account.take(_json(body))
    return 202, {"status": "success", "message": "Event processed", "dedup_key": dedup}


def _rest(account: Account, method: str, path: str, query: dict[str, list[str]], body: bytes, user: str) -> Answer:
    parts = path.strip("/").split("/")
    match (method, parts):
        case ("GET", ["incidents"]):
            return 200, {"incidents": [_shown(one) for one in _listed(account, query)], "limit": 25, "more": False}
        case ("POST", ["incidents"]):
            return 201, {"incident": _shown(account.create(_wrapped(body, "incident"), user))}
        case ("GET", ["incidents", name]):
            return 200, {"incident": _shown(account.get(name))}
        case ("PUT", ["incidents", name]):
            account.change(account.get(name), _wrapped(body, "incident"), user)
            return 200, {"incident": _shown(account.get(name))}
        case ("GET", ["incidents", name, "notes"]):
            return 200, {"notes": [_note(number, text) for number, (_, text) in enumerate(account.get(name).notes, 1)]}
        case ("POST", ["incidents", name, "notes"]):
            content = _wrapped(body, "note").get("content")
            return 200, {"note": {"id": account.add_note(account.get(name), content, user), "content": content}}
        case _:
            return _looked_up(method, parts, query)


def _looked_up(method: str, parts: list[str], query: dict[str, list[str]]) -> Answer:
    match (method, parts):
        case ("GET", ["users"]):
            wanted = (query.get("query") or [""])[0].lower()
            known = [{"id": user, "type": "user", "name": name, "email": mail} for user, (name, mail) in USERS.items()]
            return 200, {"users": [user for user in known if wanted in f"{user['name']} {user['email']}".lower()]}
        case ("GET", ["services", name]) if name == SERVICE:
            return 200, {"service": {"id": SERVICE, "type": "service", "summary": "orders"}}
        case ("GET", ["escalation_policies", name]) if name in {*POLICIES.values(), DEFAULT_POLICY}:
            return 200, {"escalation_policy": {"id": name, "type": "escalation_policy", "summary": name}}
        case _:
            raise ApiError(404, 2100, "Not Found")


def _listed(account: Account, query: dict[str, list[str]]) -> list[Incident]:
    """As the vendor: without a filter all of them, newest first."""
    tests: list[Callable[[Incident], bool]] = []
    if keys := query.get("incident_key"):
        tests.append(lambda one: one.key == keys[0])
    if statuses := query.get("statuses[]"):
        tests.append(lambda one: one.status in statuses)
    if services := query.get("service_ids[]"):
        tests.append(lambda _: SERVICE in services)
    with account.lock:
        if account.unlisted > 0:
            account.unlisted -= 1
            return []
        return [one for one in reversed(account.incidents.values()) if all(test(one) for test in tests)]


def _shown(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id, "type": "incident", "incident_number": incident.number, "title": incident.title,
        "status": incident.status, "incident_key": incident.key, "urgency": incident.urgency,
        "created_at": incident.created_at.isoformat(timespec="seconds"),
        "service": {"id": SERVICE, "type": "service_reference", "summary": "orders"},
        "escalation_policy": {"id": incident.policy, "type": "escalation_policy_reference", "summary": incident.policy},
    }  # fmt: skip


def _note(number: int, content: str) -> dict[str, str]:
    return {"id": f"PNOTE{number}", "content": content}


def _wrapped(body: bytes, name: str) -> dict[str, Any]:
    found = _json(body).get(name)
    if not isinstance(found, dict):
        raise ApiError(400, 2001, "Invalid Input Provided", f"{name} is missing")
    return found  # pyright: ignore[reportUnknownVariableType] - JSON objects have text keys


def _json(body: bytes) -> dict[str, Any]:
    try:
        found: object = json.loads(body)
    except ValueError:
        raise ApiError(400, 2001, "Invalid Input Provided", "the body is not JSON") from None
    if not isinstance(found, dict):
        raise ApiError(400, 2001, "Invalid Input Provided", "the body is no object")
    return found  # pyright: ignore[reportUnknownVariableType] - JSON objects have text keys
