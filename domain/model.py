"""The base of every value that crosses a boundary."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen value. A field that nobody declared is an error, never dropped in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")
