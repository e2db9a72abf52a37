"""Refusals of Kubernetes' API that mean something of their own to who asked."""

from integrations.ports import Rejected


class Conflict(Rejected):
    """The object was changed after it was read: nothing was written. To read again and decide again may help."""


class Absent(Rejected):
    """There is no such object."""
