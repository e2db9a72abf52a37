"""Notification: one message to one channel per activity, so that a dead channel never holds back another."""

from collections.abc import Mapping, Sequence

from temporalio import activity

from activities.errors import retry_only_what_helps
from activities.messages import compose
from activities.texts import Texts
from domain.escalation import Told
from domain.message import Moment, Receipt
from domain.model import Model
from domain.view import IncidentView
from integrations.ports import Channel


class Send(Model):
    """What to tell, and by which channel. `number` counts the incident's messages from 1; `told` None: the clock has
    nothing to say, `moment` tells why it goes out and `news` what has changed. `root` is what this channel answered to
    its first message.
    """

    channel: str
    view: IncidentView
    told: Told | None
    number: int
    page: bool = False
    moment: Moment = Moment.CALL
    root: str | None = None
    news: tuple[str, ...] = ()


class NotificationActivities:
    """Knows the channels that are configured. `texts` None: the templates that come with Nightshift."""

    def __init__(self, channels: Sequence[Channel], texts: Texts | None = None) -> None:
        self._texts = texts
        self._channels: Mapping[str, Channel] = {channel.name: channel for channel in channels}

    @activity.defn
    @retry_only_what_helps
    def send(self, order: Send) -> Receipt:
        """Deliver one message. A channel that nobody configured answers so; that is no error."""
        channel = self._channels.get(order.channel)
        if channel is None:
            return Receipt(channel=order.channel, delivered=False, detail="not configured", configured=False)
        message = compose(
            order.view, order.told, order.number, page=order.page, moment=order.moment, root=order.root,
            news=order.news, texts=self._texts,
        )  # fmt: skip
        return channel.send(message)
