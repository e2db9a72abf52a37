"""Can people be told? A handshake only: no message is sent."""

from collections.abc import Iterator

from config.adapters.people import channels
from config.settings import Settings
from domain.policy import Policy
from integrations.email import EmailChannel
from integrations.pagerduty import PagerDutyEvents, PagerDutyIncidents
from integrations.ports import Rejected
from integrations.slack import SlackChannel, SlackWebhook
from starter.doctor.check import Check, Doubt, blocking, off

GROUP = "channels"
_COST = "nobody is told of an incident, whatever its severity"


def checks(settings: Settings, policy: Policy) -> Iterator[Check]:
    """Every channel that is configured, and those that the policy names in vain."""
    found = {channel.name: channel for channel in channels(settings)}
    for channel in found.values():
        match channel:
            case EmailChannel():
                yield _email(settings, channel)
            case SlackChannel():
                yield _slack(settings, channel)
            case SlackWebhook():
                yield _webhook(channel.name)
            case PagerDutyIncidents() | PagerDutyEvents():
                yield _pagerduty(settings, channel)
                yield _way_back(settings)
            case _:
                pass
    for name in _named(policy):
        if name not in found:
            yield off(GROUP, name, "its messages go by the other channels, if there are any", _remedy(name))
    if not found:
        yield Check(GROUP, "people", "any channel", _COST, _remedy("email"), blocking(_nobody))


def _nobody() -> str:
    raise Rejected("there is no channel at all")


def _named(policy: Policy) -> tuple[str, ...]:
    table = policy.escalation
    rows = (table.CRITICAL, table.HIGH, table.MEDIUM, table.LOW)
    return tuple(dict.fromkeys(name for row in rows for name in row.channels))


def _remedy(name: str) -> str:
    if name == "email":
        return "set SMTP_URL, EMAIL_FROM and EMAIL_TO"
    if name == "slack":
        return "set SLACK_BOT_TOKEN, SLACK_CHANNEL and SLACK_SIGNING_SECRET"
    if name == "pagerduty":
        return "set PAGERDUTY_API_KEY, PAGERDUTY_FROM and PAGERDUTY_SERVICE, or PAGERDUTY_ROUTING_KEYS"
    return f"take {name} out of the policy's channels: this build cannot send there"


def _email(settings: Settings, channel: EmailChannel) -> Check:
    def look() -> str:
        channel.handshake()
        missing = [str(tier) for tier in (1, 2, 3) if not settings.email_to.get(tier)]
        if len(missing) == 3:  # noqa: PLR2004 - all tiers
            raise Doubt("the server answers, but EMAIL_TO names nobody")
        if missing:
            raise Doubt(f"tier {', '.join(missing)} has no address of its own: another tier's is used")
        return "answers, and would take mail"

    return Check(GROUP, "email", "SMTP handshake", _COST, "check SMTP_URL and EMAIL_TO", blocking(look))


def _slack(settings: Settings, channel: SlackChannel) -> Check:
    def look() -> str:
        bot = channel.whoami()
        if settings.slack_signing_secret is None:
            raise Doubt(f"{bot} may read the channel, but SLACK_SIGNING_SECRET is not set: its buttons are refused")
        if settings.people_file is None:
            raise Doubt(f"{bot} may read the channel, but nobody is known (NIGHTSHIFT_PEOPLE): its buttons are refused")
        return f"{bot} may read the channel"

    remedy = "check SLACK_BOT_TOKEN, SLACK_CHANNEL and the app's scopes; docs/notifications.md has the steps"
    return Check(GROUP, "slack", "auth.test, conversations.history", _COST, remedy, blocking(look))


def _webhook(name: str) -> Check:
    """There is nothing that it could be asked without posting."""

    def look() -> str:
        raise Doubt(
            "a webhook can only be written to: no thread, no edits, no buttons, and no way to ask whether it works"
        )

    remedy = "use a bot's token: SLACK_BOT_TOKEN and SLACK_CHANNEL"
    return Check(GROUP, name, "nothing", "decisions are not asked for in Slack", remedy, blocking(look))


def _pagerduty(settings: Settings, channel: PagerDutyIncidents | PagerDutyEvents) -> Check:
    cost = "an escalation that nobody acknowledges ends in no page, and nobody is woken up"
    if isinstance(channel, PagerDutyEvents):
        tiers = ", ".join(str(tier) for tier in sorted(settings.pagerduty_routing_keys))
        return Check(
            GROUP, "pagerduty", "nothing: an alert is the only thing that a routing key can send", cost,
            "check PAGERDUTY_ROUTING_KEYS", blocking(lambda: f"routing keys for tier {tiers}, not tried"),
        )  # fmt: skip

    def look() -> str:
        service = channel.handshake()
        missing = [str(tier) for tier in (1, 2, 3) if tier not in settings.pagerduty_escalation_policies]
        if missing:
            raise Doubt(
                f"pages for {service!r}, and tier {', '.join(missing)} has no escalation policy of its own: another "
                "tier's is called, or the service's"
            )
        return f"answers, and would page for {service!r}"

    return Check(GROUP, "pagerduty", "REST: user, service, policies", cost, "check the PAGERDUTY_ settings",
                 blocking(look))  # fmt: skip


def _way_back(settings: Settings) -> Check:
    """What people do in PagerDuty comes back by its webhook only."""

    def look() -> str:
        if settings.pagerduty_webhook_secret:
            return "what people do there is believed when it is signed"
        raise Doubt("PAGERDUTY_WEBHOOK_SECRET is not set: what people do there is refused, except from this machine")

    return Check(
        GROUP, "pagerduty webhook", "how it proves itself",
        "an acknowledgement in PagerDuty stops its phone, not our clock: the next tier is called all the same",
        "set PAGERDUTY_WEBHOOK_SECRET to the secret of a v3 subscription to /webhooks/pagerduty", blocking(look),
    )  # fmt: skip
