"""What goes back and forth with a language model. All that comes from it is untrusted text."""

from pydantic import Field

from domain.advice.opinion import Opinion
from domain.model import Model


class ToolUse(Model):
    """It wants to look at something. `arguments` is JSON as the model wrote it, whether or not it is any."""

    id: str
    name: str
    arguments: str


class Exchange(Model):
    """One step: what it wanted to see, and what it was answered, in the same order."""

    uses: tuple[ToolUse, ...]
    answers: tuple[str, ...]


class Usage(Model):
    """Tokens of one call. `counted`: by the other side; else it said nothing, and this is our own upper estimate."""

    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)
    counted: bool = True

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


class Reply(Model):
    """An answer that was paid for: an opinion, or what it wants to look at first, or why it is of no use."""

    opinion: Opinion | None = None
    uses: tuple[ToolUse, ...] = ()
    useless: str | None = None
    usage: Usage
