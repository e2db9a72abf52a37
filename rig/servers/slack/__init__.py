"""A workspace of Slack on loopback: the part of its Web API that Nightshift uses, with the checks that Slack makes."""

from rig.servers.slack.server import CHANNEL, SlackServer
from rig.servers.slack.trouble import Trouble
from rig.servers.slack.workspace import Posted, Workspace

__all__ = ["CHANNEL", "Posted", "SlackServer", "Trouble", "Workspace"]
