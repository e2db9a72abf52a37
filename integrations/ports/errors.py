"""What a port raises."""


class PortError(Exception):
    """An outside system could not do what was asked. The text is for people and holds no secret."""


class Unavailable(PortError):
    """Down, slow or overloaded: worth a retry, after `retry_after_s` seconds where the other side named a time."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Rejected(PortError):
    """The other side understood and refused: a retry would be refused again."""
