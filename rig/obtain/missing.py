"""The error for a server that cannot be had on this machine."""


class Missing(RuntimeError):
    """A server is not here and cannot be obtained; the text is one sentence that names the remedy.

    Whether the caller can do without the server is the caller's decision.
    """

    def __init__(self, name: str, reason: str, remedy: str) -> None:
        super().__init__(f"{name} is missing ({reason}): {remedy}.")
        self.name = name
        self.reason = reason
        self.remedy = remedy
