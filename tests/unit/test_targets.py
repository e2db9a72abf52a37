"""The target of a plan, for who decides: read once for all who look, in time, and never instead of an answer."""

import asyncio
import threading
from dataclasses import replace
from datetime import UTC, datetime

import httpx

from domain.plan import Action, Plan
from domain.standing import Standing
from integrations.ports import PortError, Unavailable
from starter.app import create_app
from starter.parts import Parts
from starter.targets import Targets
from tests import page_views
from tests.fakes import FakeIncidents, FakeLive
from tests.incidents import a_plan
from tests.parts import parts_with

NOW = datetime.now(UTC)
SEEN = Standing(
    at=NOW, before=("revision 41", "image checkout:2.8.1"), after=("revision 40", "image checkout:2.8.0"),
    about="5 of 6 replicas ready", also=("containers[app].env[<b>]",),
)  # fmt: skip


class Source:
    """TargetSource with one answer, or an error; it can be held up."""

    actions = frozenset({Action.ROLLBACK_DEPLOYMENT})

    def __init__(self, error: PortError | None = None) -> None:
        self.error = error
        self.asked = 0
        self.go = threading.Event()
        self.go.set()

    def look(self, plan: Plan) -> Standing:
        self.asked += 1
        self.go.wait(10)
        if self.error is not None:
            raise self.error
        return SEEN


def rolled_back() -> Plan:
    waiting = page_views.rollback(NOW).waiting
    assert waiting is not None
    assert waiting.plan is not None
    return waiting.plan


async def test_many_who_look_at_once_ask_once() -> None:
    source = Source()
    targets = Targets([source])
    answers = await asyncio.gather(*(targets.look(rolled_back()) for _ in range(50)))
    assert answers == [SEEN] * 50
    assert await targets.look(rolled_back()) == SEEN
    assert source.asked == 1


async def test_a_target_that_does_not_answer_is_said_in_time_and_asked_no_second_time_beside_it() -> None:
    source = Source()
    source.go.clear()
    targets = Targets([source], limit_s=0.05)
    said = [await targets.look(rolled_back()) for _ in range(3)]
    source.go.set()
    assert said == ["deployment/shop/checkout did not answer within 0.05 s"] * 3
    assert source.asked == 1


async def test_what_nobody_here_may_read_is_said() -> None:
    assert await Targets([Source()]).look(a_plan("INC-20260131-000002")) == (
        "this process has no access to database/orders"
    )


def parts(source: Source) -> Parts:
    view = page_views.rollback(NOW)
    incidents = FakeIncidents()
    incidents.save(view)
    made = parts_with(live=FakeLive(view), incidents=incidents)
    return replace(made, targets=Targets([source]))


async def get(of: Parts, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(create_app(of))
    async with httpx.AsyncClient(transport=transport, base_url="http://nightshift") as http:
        return await http.get(path, headers={"accept": "text/html"})


async def test_the_fragment_says_before_and_after_with_their_age() -> None:
    answer = await get(parts(Source()), "/incidents/INC-20260131-000002/target?part=1")
    text = " ".join(answer.text.split())
    assert answer.status_code == 200
    assert "<html" not in text
    for words in (
        "image checkout:2.8.1",
        "image checkout:2.8.0",
        "5 of 6 replicas ready",
        "env[&lt;b&gt;]",
        "data-age",
    ):
        assert words in text


async def test_a_target_that_cannot_be_read_is_said_and_what_was_recorded_stands_on_the_page() -> None:
    of = parts(Source(Unavailable("Kubernetes cannot be reached: refused")))
    read = await get(of, "/incidents/INC-20260131-000002/target")
    page = await get(of, "/incidents/INC-20260131-000002")
    assert "It cannot be read now: Kubernetes cannot be reached: refused." in read.text
    assert "as recorded when it was planned" in page.text
    assert "revision 41" in page.text


async def test_the_page_itself_never_asks_the_target() -> None:
    source = Source()
    assert (await get(parts(source), "/incidents/INC-20260131-000002")).status_code == 200
    assert source.asked == 0


async def test_without_a_waiting_plan_there_is_nothing_to_look_at() -> None:
    view = page_views.fixed(NOW)
    of = parts_with(live=FakeLive(view))
    of.incidents.save(view)
    assert (await get(of, f"/incidents/{view.incident}/target?part=1")).status_code == 404
