"""The buttons of Slack: whose press it is, and the answer, in words, at the button."""

from starter.slack.routes import slack_routes

__all__ = ["slack_routes"]
