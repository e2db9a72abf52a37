"""PagerDuty's REST API: one incident of theirs for each of ours, by `incident_key`, kept in step until it closes."""

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from domain.message import Message, Moment, Receipt
from integrations.pagerduty import texts
from integrations.pagerduty.calling import pages
from integrations.pagerduty.sessions import SOURCE, TIMEOUT_S, BadRequest, NotThere, Rest
from integrations.pagerduty.tiers import for_tier
from integrations.ports import Rejected, Unavailable

_ALREADY_RESOLVED, _ALREADY_ACKNOWLEDGED = 1001, 1002
_EXISTS = "already exists"
_OPEN = ("triggered", "acknowledged")
_NOT_OPEN = "it has no open incident there, so there is nothing to say it to"


class PagerDutyIncidents:
    """Channel `pagerduty`. `policies` are ids of escalation policies by tier; without any the service's own is used.

    `sender` is the mail address of a user of the account, in whose name everything is done.
    """

    name = "pagerduty"

    def __init__(
        self, key: SecretStr, sender: str, service: str, policies: Mapping[int, str], *,
        url: str | None = None, timeout_s: float = TIMEOUT_S,
    ) -> None:  # fmt: skip
        self._key = key
        self._sender = sender
        self._service = service
        self._policies = dict(policies)
        self._url = url
        self._timeout_s = timeout_s

    def send(self, message: Message) -> Receipt:
        """Open or update their incident. Raises Unavailable (worth a retry: 429, 5xx, no answer) or Rejected (4xx)."""
        call = _Call(self._rest(), self._service)
        match message.moment:
            case Moment.ACKNOWLEDGED:
                found, said = call.acknowledge(message)
            case Moment.CLOSED:
                found, said = call.resolve(message)
            case _ if pages(message):
                found, said = self._page(call, message)
            case Moment.APPROVAL | Moment.RECOVERED:
                found, said = call.note(message)
            case _:
                found, said = message.root or "", "nothing was sent: it is no news for a page"
        return Receipt(channel=self.name, delivered=True, reference=found, detail=said)

    def handshake(self) -> str:
        """Look at what pages will need, and send none: the user, the service, the policies. Raises as `send` does."""
        rest = self._rest()
        users = rest.many("/users", query=self._sender, limit=25)
        if not any(str(user.get("email", "")).lower() == self._sender.lower() for user in users):
            raise Rejected(f"{SOURCE}: PAGERDUTY_FROM: {self._sender!r} is no user of the account")
        service = _look(rest, f"/services/{self._service}", "PAGERDUTY_SERVICE")
        for policy in dict.fromkeys(self._policies.values()):
            _look(rest, f"/escalation_policies/{policy}", "PAGERDUTY_ESCALATION_POLICIES")
        return str(service.get("summary", self._service))

    def _rest(self) -> Rest:
        return Rest(self._key, self._sender, self._url, self._timeout_s)

    def _page(self, call: "_Call", message: Message) -> tuple[str, str]:
        policy = for_tier(self._policies, message.tier)
        known = call.find(message)
        if known is None:
            created = call.create(message, policy)
            if created is not None:
                return created["id"], f"incident {created.get('incident_number', created['id'])}, tier {message.tier}"
            # Somebody was faster: another try of ours whose answer was lost.
            known = call.find(message)
            if known is None:
                raise Unavailable(f"{SOURCE} says that {message.incident} is open there, and does not find it")
        return call.update(known, message, policy)


def _look(rest: Rest, path: str, variable: str) -> dict[str, Any]:
    try:
        return rest.one(path)
    except NotThere as error:
        raise Rejected(f"{SOURCE}: {variable}: there is nothing by the id {path.rpartition('/')[2]!r}") from error


class _Call:
    """The calls of one message."""

    def __init__(self, rest: Rest, service: str) -> None:
        self._rest = rest
        self._service = service

    def find(self, message: Message) -> dict[str, Any] | None:
        """Their open incident: the one that was answered before, else the one with our key."""
        if message.root is not None and (known := self._by_id(message.root)) is not None:
            return known
        found = self._rest.many(
            "/incidents", incident_key=message.incident, service_ids=[self._service], statuses=list(_OPEN),
            date_range="all", limit=25,
        )  # fmt: skip
        # A filter that they did not understand would give every open incident of the service.
        return next((one for one in found if one.get("incident_key") == message.incident), None)

    def _by_id(self, incident: str) -> dict[str, Any] | None:
        try:
            found = self._rest.one(f"/incidents/{incident}")
        except NotThere:
            return None
        return found if found.get("status") in _OPEN else None

    def create(self, message: Message, policy: str | None) -> dict[str, Any] | None:
        """A new incident; None when one with our key is open already. What is refused is tried once more, shorter."""
        try:
            return self._post(message, policy, texts.LONGEST_TITLE, texts.LONGEST_BODY)
        except BadRequest as error:
            if _open_already(error):
                return None
        try:
            return self._post(message, policy, texts.SHORT_TITLE, texts.SHORT_BODY)
        except BadRequest as error:
            if _open_already(error):
                return None
            raise

    def _post(self, message: Message, policy: str | None, title: int, body: int) -> dict[str, Any]:
        incident: dict[str, Any] = {
            "type": "incident",
            "title": texts.title(message, title),
            "service": {"id": self._service, "type": "service_reference"},
            "urgency": texts.urgency(message),
            "incident_key": message.incident,
            "body": {"type": "incident_body", "details": texts.body(message, body)},
        }
        if policy is not None:
            incident["escalation_policy"] = _policy(policy)
        return self._rest.create("/incidents", incident=incident)

    def update(self, known: dict[str, Any], message: Message, policy: str | None) -> tuple[str, str]:
        """One escalation is one page: it is raised in place, and what is new is a note.

        Handing it to a policy calls that policy's people, so this is done when the message calls upon somebody anew,
        also to the same tier: who slept through it once is called again.
        """
        if self._noted(known, message):
            return known["id"], f"incident {_number(known)} has this already"
        followed: dict[str, Any] = known.get("escalation_policy") or {}
        at_now: str | None = followed.get("id")
        changes: dict[str, Any] = {}
        if texts.urgency(message) == "high" != known.get("urgency"):
            changes["urgency"] = "high"
        called = texts.has_called(str(known.get("title", "")), message)  # by an earlier try whose answer was lost
        if message.awaits and not called and (policy or at_now):
            changes["escalation_policy"] = _policy(policy or at_now)
        if changes:
            changes["title"] = texts.title(message)
            self._put(known, changes)
        self._add_note(known, message)
        if called:
            return known["id"], f"incident {_number(known)}: an earlier try has called tier {message.tier}"
        said = f"tier {message.tier} called again" if "escalation_policy" in changes else "a note, nobody is called"
        return known["id"], f"incident {_number(known)}: {said}"

    def acknowledge(self, message: Message) -> tuple[str, str]:
        """Ours was acknowledged. Where that came from theirs, there is nothing left to do."""
        known = self.find(message)
        if known is None:
            return message.root or "", _NOT_OPEN
        if known.get("status") == "acknowledged":
            return known["id"], f"incident {_number(known)} is acknowledged already"
        self._put(known, {"status": "acknowledged"})
        self._add_note(known, message)
        return known["id"], f"incident {_number(known)} acknowledged"

    def resolve(self, message: Message) -> tuple[str, str]:
        """Closed here, resolved there, with the outcome as its last note."""
        known = self.find(message)
        if known is None:
            return message.root or "", _NOT_OPEN
        self._put(known, {"status": "resolved", "resolution": texts.outcome(message.view)})
        return known["id"], f"incident {_number(known)} resolved"

    def note(self, message: Message) -> tuple[str, str]:
        """Something to read, for whoever looks at the page."""
        known = self.find(message)
        if known is None:
            return message.root or "", _NOT_OPEN
        if not self._noted(known, message):
            self._add_note(known, message)
        return known["id"], f"incident {_number(known)}: a note"

    def _noted(self, known: dict[str, Any], message: Message) -> bool:
        notes = self._rest.many(f"/incidents/{known['id']}/notes")
        return any(texts.mark(message) in str(one.get("content", "")) for one in notes)

    def _add_note(self, known: dict[str, Any], message: Message) -> None:
        self._rest.create(f"/incidents/{known['id']}/notes", note={"content": texts.note(message)})

    def _put(self, known: dict[str, Any], changes: dict[str, Any]) -> None:
        try:
            self._rest.change(f"/incidents/{known['id']}", incident={"type": "incident", **changes})
        except BadRequest as error:
            # A person there was faster.
            if error.code not in {_ALREADY_RESOLVED, _ALREADY_ACKNOWLEDGED}:
                raise


def _open_already(error: BadRequest) -> bool:
    return any(_EXISTS in reason for reason in error.reasons)


def _policy(policy: str | None) -> dict[str, str | None]:
    return {"id": policy, "type": "escalation_policy_reference"}


def _number(known: Mapping[str, Any]) -> str:
    return str(known.get("incident_number", known["id"]))
