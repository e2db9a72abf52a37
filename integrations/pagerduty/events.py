"""PagerDuty's Events API v2: an alert by `dedup_key`, where there are routing keys and no key for REST."""

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from domain.message import Message, Moment, Receipt
from integrations.pagerduty import texts
from integrations.pagerduty.calling import pages
from integrations.pagerduty.sessions import TIMEOUT_S, BadRequest, Events
from integrations.pagerduty.tiers import for_tier
from integrations.ports import PortError, Rejected, Unavailable

_LONGEST_LINK_TEXT = 100


class PagerDutyEvents:
    """Channel `pagerduty`. `keys` are routing keys by tier; `installation` keeps two installations of us apart."""

    name = "pagerduty"

    def __init__(
        self, keys: Mapping[int, SecretStr], installation: str, *, url: str | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._keys = dict(keys)
        self._installation = installation
        self._url = url
        self._timeout_s = timeout_s

    def send(self, message: Message) -> Receipt:
        """Trigger, acknowledge or resolve. Raises Unavailable (worth a retry: 429, 5xx, no answer) or Rejected."""
        key = dedup_key(self._installation, message.incident)
        match message.moment:
            case _ if pages(message):
                said = self._trigger(message, key)
            case Moment.ACKNOWLEDGED:
                said = self._follow(message, "acknowledge", key)
            case Moment.CLOSED:
                said = self._follow(message, "resolve", key)
            case _:
                said = "nothing was sent: an alert takes no notes"  # and the rest is no news for a page
        return Receipt(channel=self.name, delivered=True, reference=key, detail=said)

    def _trigger(self, message: Message, key: str) -> str:
        """Only what calls upon somebody: an alert rings when it opens, and another trigger for it rings no more. So one
        that was opened by an announcement could not call anybody later.
        """
        if not message.awaits:
            return "nothing was sent: this calls nobody"
        routing = for_tier(self._keys, message.tier)
        if routing is None:
            raise Rejected("PagerDuty: PAGERDUTY_ROUTING_KEYS names no key")
        try:
            self._send(routing, "trigger", key, _event(message, texts.LONGEST_TITLE, details=True))
        except BadRequest:
            self._send(routing, "trigger", key, _event(message, texts.SHORT_TITLE, details=False))
        return f"alert for tier {message.tier}"

    def _follow(self, message: Message, action: str, key: str) -> str:
        """To every routing key that the incident used: by another one than the alert's own, it would be dropped.

        Each is tried; then the first that failed is raised, so that it is all tried again.
        """
        failed: list[PortError] = []
        used = self._used(message)
        for routing in used:
            try:
                self._send(routing, action, key, {})
            except (Unavailable, Rejected) as error:
                failed.append(error)
        if failed:
            raise next((error for error in failed if isinstance(error, Unavailable)), failed[0])
        return f"{action} by {len(used)} routing key{'' if len(used) == 1 else 's'}"

    def _used(self, message: Message) -> tuple[SecretStr, ...]:
        tiers = dict.fromkeys([told.tier for told in message.view.clock.told] or [message.tier])
        found = [key for tier in tiers if (key := for_tier(self._keys, tier)) is not None]
        return tuple({key.get_secret_value(): key for key in found}.values())

    def _send(self, routing: SecretStr, action: str, key: str, event: Mapping[str, Any]) -> None:
        Events(routing, self._url, self._timeout_s).send(action, key, event)


def dedup_key(installation: str, incident: str) -> str:
    """Which alert this is, for all tiers."""
    return texts.cut(f"nightshift:{texts.one_line(installation)[:150]}:{incident}", texts.LONGEST_KEY)


def _event(message: Message, longest: int, *, details: bool) -> dict[str, Any]:
    view = message.view
    payload: dict[str, Any] = {
        "summary": texts.title(message, longest),
        "source": texts.cut(texts.one_line(view.service), longest),
        "severity": texts.EVENT_SEVERITIES[message.severity],
        "timestamp": view.opened_at.isoformat(),
        "component": texts.cut(texts.one_line(view.service), longest),
    }
    if details:
        payload["custom_details"] = texts.details(message)
    event: dict[str, Any] = {"payload": payload, "client": "Nightshift"}
    if details:
        event["links"] = [{"href": k.url, "text": k.label[:_LONGEST_LINK_TEXT]} for k in message.links]
    if view.page_url:
        event["client_url"] = view.page_url
    return event
