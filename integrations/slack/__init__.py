"""Slack: one thread for each incident, whose first message is edited as things change, and buttons for decisions."""

from integrations.slack.channel import SlackChannel
from integrations.slack.press import Press
from integrations.slack.webhook import SlackWebhook
from integrations.slack.whisper import SlackWhisperer

__all__ = ["Press", "SlackChannel", "SlackWebhook", "SlackWhisperer"]
