"""The base of every value that crosses a boundary."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen value. A field that nobody declared is an error, never dropped in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


M = TypeVar("M", bound=Model)


def read(model: type[M], value: object) -> M:
    """A model from JSON values that another build may have written: fields that this one does not know are left out,
    as both run side by side while one replaces the other. Raises ValidationError where a known field is wrong.
    """
    return model.model_validate(value, extra="ignore")
