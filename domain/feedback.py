"""What people say of a diagnosis when they know better, or as well: it corrects what is remembered."""

from typing import Self

from pydantic import AwareDatetime, Field, model_validator

from domain.doors import Door
from domain.finding import Category
from domain.model import Model


class Feedback(Model):
    """One person's word; `who` is a claim unless `proven` at its door. Exactly one of: right, another cause, or no
    incident at all.

    `category` and `service` name the right cause where the machine's was wrong.
    """

    incident: str
    at: AwareDatetime
    who: str = Field(min_length=1, max_length=200)
    right: bool = False
    category: Category | None = None
    service: str | None = Field(default=None, max_length=300)
    false_positive: bool = False
    comment: str = Field(default="", max_length=2_000)
    door: Door = Door.CLI
    proven: bool = False

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.category is None) != (self.service is None):
            raise ValueError("another cause is a category and a service, such as connection_pool@orders")
        if sum((self.right, self.category is not None, self.false_positive)) != 1:
            raise ValueError("say one thing: the cause was right, or another one, or it was a false positive")
        return self

    @property
    def actor(self) -> str:
        """Who, as records keep it: a claim is called one."""
        return self.who if self.proven else f"{self.who} (claimed)"

    def repeats(self, before: "Feedback") -> bool:
        """Is it the same word of the same person again, whenever it was said?"""
        return self.model_copy(update={"at": before.at}) == before

    @property
    def words(self) -> str:
        """What was said."""
        if self.false_positive:
            return "it was a false positive"
        if self.right:
            return "the cause was right"
        return f"the cause was {self.category} at {self.service}"


def read_cause(text: str) -> tuple[Category, str]:
    """Category and service of `connection_pool@orders`. Raises ValueError."""
    name, _, service = text.strip().partition("@")
    if name not in set(Category) or name == Category.UNKNOWN or not service.strip():
        known = ", ".join(category for category in Category if category is not Category.UNKNOWN)
        raise ValueError(f"{text!r} is not CATEGORY@SERVICE; categories are {known}")
    return Category(name), service.strip()
