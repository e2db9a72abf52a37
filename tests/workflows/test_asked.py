"""`nightshift eval shop --cases` keeps what the ranking was asked last, from the incident's own history."""

from domain.incident import State
from domain.timeline import Kind as Row
from evals.shop.asked import asked
from evals.shop.kinds import KINDS
from tests.workflows.conftest import NightOf
from tests.workflows.night import texts, view
from tests.workflows.world import World


async def test_the_last_of_two_questions_is_kept_with_the_truth(night_of: NightOf) -> None:
    world = World(confidence=0.3)
    async with night_of(world) as night:
        handle = await night.open()
        await night.until(handle, lambda v: v.state is State.WAITING_FOR_PEOPLE, "no cause", step_s=1)
        await night.pass_time(minutes=4)
        seen = await view(handle)
        kept = await asked(night.client, handle.id, KINDS["held-lock"])
    assert len(texts(seen, Row.DIAGNOSIS)) == len(world.looks) == 2
    assert kept is not None
    assert kept.question.question.now >= world.looks[1].now > world.looks[0].now
    assert kept.question.findings == seen.findings
    assert (kept.fault, kept.services, kept.category) == ("held-lock", {"orders"}, "dependency")
