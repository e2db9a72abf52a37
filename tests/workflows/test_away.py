"""What was ordered and waits for an hour is done then, and nothing is lost meanwhile.

To Temporal a worker that is away is an activity that begins late. Here the other side asks for the hour: while an
activity waits for a worker, the test server's clock does not skip.
"""

from domain.escalation import WORDS, Reason
from domain.incident import State
from domain.levels import Severity
from domain.timeline import Kind
from integrations.ports import Unavailable
from tests.fakes import FakeChannel
from tests.workflows.conftest import NightOf
from tests.workflows.night import texts, view
from tests.workflows.telling import dark, in_the_dark
from tests.workflows.world import POLICY, World

_AN_HOUR_S = 3600.0


async def test_a_message_that_waits_for_an_hour_is_delivered_then(night_of: NightOf) -> None:
    """The only channel: nobody else could have said it. How late it came is said as well."""
    mail = FakeChannel("email")
    mail.error = Unavailable("come back in an hour", _AN_HOUR_S)
    async with night_of(dark(mail)) as night:
        handle = await in_the_dark(night, Severity.HIGH)
        await night.until(handle, lambda v: len(v.clock.told) == 1, "announced", step_s=30)
        mail.error = None
        assert not mail.sent
        seen = await night.until(handle, lambda v: any(d.delivered for d in v.deliveries), "delivered", step_s=300)
    late = next(d for d in seen.deliveries if d.delivered)
    assert late.subject == WORDS[Reason.ANNOUNCED]
    assert late.detail.endswith("s late")
    assert (late.at - seen.clock.told[0].at).total_seconds() >= _AN_HOUR_S


async def test_a_target_that_cannot_be_let_go_for_an_hour_is_let_go_then(night_of: NightOf) -> None:
    """Whether the action helped is looked at all the same, a minute later."""
    world = World(policy=POLICY.model_copy(update={"watch_s": 7200}))
    remediator = world.remediator
    remediator.free.clear()
    async with night_of(world) as night:
        handle = await night.open()
        await night.until(handle, lambda _: remediator.reached.is_set(), "acting", step_s=1)
        world.guard.error = Unavailable("come back in an hour", _AN_HOUR_S)
        remediator.free.set()
        seen = await night.until(handle, lambda v: v.state is State.WATCHING, "recovered", step_s=15)
        assert [r.ended_at for r in world.guard.reservations] == [None]
        world.guard.error = None
        await night.until(handle, lambda _: bool(world.guard.results), "let go", step_s=300)
        assert world.guard.results == [(seen.incident, 1, "executed")]
        last = await view(handle)
    assert not any("stays reserved" in text for text in texts(last, Kind.NOTE))
