"""An incident whose plan waits for a person: automatic actions are frozen, so the gate asks."""

from datetime import UTC, datetime
from typing import Any

from domain.approval import Request
from tests.workflows.night import Night
from tests.workflows.world import Handle, World

_LATER_THAN_ANY_TEST = datetime(2200, 1, 1, tzinfo=UTC)


def frozen(world: World) -> World:
    """The world, with a freeze of automatic actions on."""
    world.guard.freeze("mia", "release day", _LATER_THAN_ANY_TEST, datetime(2000, 1, 1, tzinfo=UTC))
    return world


async def asked(night: Night, handle: Handle) -> Request:
    """What waits for a decision, as soon as it does."""
    seen = await night.until(handle, lambda v: v.waiting is not None, "a plan that waits", step_s=1)
    assert seen.waiting is not None
    return seen.waiting


def decision(request: Request, who: str = "ana", **more: str) -> dict[str, str]:
    return {"digest": request.digest, "who": who, **more}


async def update(handle: Handle, name: str, *data: Any) -> str:
    """What the incident answers. Raises WorkflowUpdateFailedError with its words for a refusal."""
    answer: str = await handle.execute_update(name, args=list(data))  # pyright: ignore[reportUnknownMemberType] - any data
    return answer


async def decide(handle: Handle, payload: Any) -> str:
    return await update(handle, "decide", payload)


async def person(handle: Handle, payload: Any) -> str:
    return await update(handle, "person", payload)
