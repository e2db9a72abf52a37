"""Which messages are pages."""

from domain.message import Message, Moment


def pages(message: Message) -> bool:
    """What the clock says, and a question of its that calls upon somebody: often it is an incident's first word. A
    question that only follows an incident calls nobody.
    """
    return message.moment is Moment.CALL or (message.moment is Moment.APPROVAL and message.awaits)
