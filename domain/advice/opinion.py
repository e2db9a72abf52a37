"""The form in which a language model has to answer. Descriptions are part of the schema that it is given."""

from typing import Annotated

from pydantic import Field

from domain.finding import Category
from domain.model import Model

# No lengths here: not every server that takes a JSON schema takes them. What is too long is cut (weighing.py).
_Text = Annotated[str, Field(description="One plain sentence.")]
_Ids = Annotated[tuple[str, ...], Field(description="Ids of the findings that say so, such as F3 or M1.")]


class Claim(Model):
    """Something that it says, with the findings that it says it by."""

    text: _Text
    findings: _Ids


class Suspect(Model):
    """A cause that it believes in: one of the candidates that it was shown."""

    service: Annotated[str, Field(description="The service of one of the candidates.")]
    category: Annotated[Category, Field(description="The category of the same candidate.")]
    claims: Annotated[tuple[Claim, ...], Field(description="What speaks for it, at most five.")]


class Opinion(Model):
    """Which of the candidates it believes in, best first."""

    suspects: Annotated[tuple[Suspect, ...], Field(description="Candidates, the most likely one first, at most three.")]
