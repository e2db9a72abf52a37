"""A plan: one catalogued remediation with its parameters, and the digest that a decision is bound to."""

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self, cast

from pydantic import Field, ModelWrapValidatorHandler, computed_field, model_validator

from domain.finding import Category
from domain.levels import Risk
from domain.model import Model


class Action(StrEnum):
    """The actions that this build can execute. Nothing outside of this list can ever be planned."""

    KILL_CONNECTIONS = "KILL_CONNECTIONS"
    RESTART_SERVICE = "RESTART_SERVICE"
    ROLLBACK_DEPLOYMENT = "ROLLBACK_DEPLOYMENT"
    ROLL_FORWARD = "ROLL_FORWARD"


class Plan(Model):
    """What would be done, to what, with which values.

    `target` is `kind/name`, such as database/orders: the form in which the policy's allow-list names it.
    `timeout_s` is in seconds. `undo` is a sentence, "none" when it cannot be undone.
    """

    incident: str
    attempt: int = Field(ge=1)
    action: Action
    service: str
    category: Category
    target: str
    parameters: dict[str, str | int | float]
    risk: Risk
    sentence: str
    expected_effect: str
    undo: str = "none"
    timeout_s: int

    @model_validator(mode="wrap")
    @classmethod
    def _digest_fits(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401 - untrusted
        """A written plan carries its digest; one whose digest does not fit was changed on the way."""
        if not isinstance(data, Mapping) or "digest" not in data:
            return handler(data)
        fields = dict(cast("Mapping[str, Any]", data))
        said = fields.pop("digest")
        plan = handler(fields)
        if said != plan.digest:
            raise ValueError(f"digest: {said!r} does not fit this plan, whose digest is {plan.digest!r}")
        return plan

    @computed_field
    @property
    def digest(self) -> str:
        """SHA-256 over everything that decides what happens; a decision names it, so it fits this plan only."""
        decisive = self.model_dump(mode="json", exclude={"sentence", "expected_effect", "digest"})
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()

    @property
    def short_digest(self) -> str:
        return self.digest[:8]
