"""The ways to reach people, by the settings."""

from collections.abc import Sequence

from config.errors import ConfigError
from config.settings import Settings
from integrations.email import EmailChannel
from integrations.pagerduty import PagerDutyEvents, PagerDutyIncidents
from integrations.ports import Channel
from integrations.slack import SlackChannel, SlackWebhook, SlackWhisperer


def channels(settings: Settings) -> Sequence[Channel]:
    """The ways to reach people that are configured. Raises ConfigError for one that is half configured."""
    configured = (_slack(settings), _email(settings), pagerduty(settings))
    return tuple(channel for channel in configured if channel is not None)


def pagerduty(settings: Settings) -> PagerDutyIncidents | PagerDutyEvents | None:
    """REST with PAGERDUTY_API_KEY, else Events v2 with routing keys, else None.

    Raises ConfigError for a key without what every page needs: a page that fails for it would be found out at night.
    """
    key, sender, service = settings.pagerduty_api_key, settings.pagerduty_from, settings.pagerduty_service
    if key is not None:
        if sender is None:
            raise ConfigError("PAGERDUTY_FROM: is not set; PAGERDUTY_API_KEY needs the mail address of a user")
        if service is None:
            raise ConfigError("PAGERDUTY_SERVICE: is not set; PAGERDUTY_API_KEY needs the id of a service")
        policies = settings.pagerduty_escalation_policies
        return PagerDutyIncidents(key, sender, service, policies, url=settings.pagerduty_api_url)
    if settings.pagerduty_routing_keys:
        return PagerDutyEvents(
            settings.pagerduty_routing_keys, settings.temporal_namespace, url=settings.pagerduty_events_url
        )
    return None


def whisperer(settings: Settings) -> SlackWhisperer | None:
    """Answers to what people write in Slack's threads, None without a bot's token."""
    if settings.slack_bot_token is None:
        return None
    return SlackWhisperer(settings.slack_bot_token, settings.slack_api_url)


def _email(settings: Settings) -> Channel | None:
    if settings.smtp_url is None:
        return None
    return EmailChannel(settings.smtp_url, settings.email_from, settings.email_to)


def _slack(settings: Settings) -> SlackChannel | SlackWebhook | None:
    """By a bot's token, which can do more; else by a webhook."""
    if settings.slack_bot_token is None:
        return SlackWebhook(settings.slack_webhook_url) if settings.slack_webhook_url else None
    if settings.slack_channel is None:
        raise ConfigError("SLACK_CHANNEL: is not set; SLACK_BOT_TOKEN needs the id of a channel to post in")
    return SlackChannel(
        settings.slack_bot_token, settings.slack_channel, url=settings.slack_api_url, tiers=settings.slack_tiers,
        approvers=settings.slack_approvers or (), decide_up_to=settings.slack_decide_up_to,
    )  # fmt: skip
