"""Open pages follow an incident: one question for all of them, the right events, and nothing left of who has gone."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from integrations.ports import Unavailable
from starter.console.facts import facts_of
from starter.console.live.events import event
from starter.console.live.hub import Full, Hub
from starter.console.live.regions import regions
from starter.console.seeing import Seen
from starter.reading import Shown
from tests import page_views

NOW = datetime.now(UTC)


@dataclass
class World:
    """What the store would say, and how often it was asked."""

    values: dict[str, int] = field(default_factory=dict[str, int])
    asked: list[list[str]] = field(default_factory=list[list[str]])
    read: list[str] = field(default_factory=list[str])
    away: bool = False

    def stamps(self, names: Sequence[str]) -> dict[str, int]:
        self.asked.append(sorted(names))
        if self.away:
            raise Unavailable("store: away")
        return {name: self.values[name] for name in names}

    async def look(self, name: str) -> int | None:
        self.read.append(name)
        return self.values.get(name)

    def hub(self, **changes: float) -> Hub[int]:
        quick: dict[str, float] = {"every_s": 0.01, "refresh_s": 1000, "beat_s": 1000, **changes}
        return Hub(self.stamps, self.look, **quick)  # pyright: ignore[reportArgumentType] - the numbers fit


Following = AsyncGenerator[tuple[int | None, bool]]


async def test_forty_pages_of_one_incident_cost_one_question_and_each_hears_of_a_change() -> None:
    world = World({"INC-1": 1})
    hub = world.hub()
    pages: list[Following] = [hub.follow("INC-1") for _ in range(40)]
    first = await asyncio.gather(*(anext(page) for page in pages))
    world.values["INC-1"] = 2
    second = await asyncio.gather(*(anext(page) for page in pages))
    assert first == [(1, True)] * 40
    assert second == [(2, True)] * 40
    assert world.read == ["INC-1", "INC-1"], "read once for each change, not for each page"
    assert all(names == ["INC-1"] for names in world.asked)
    await asyncio.gather(*(page.aclose() for page in pages))


async def test_when_the_last_page_has_gone_nothing_is_asked_and_nothing_is_left() -> None:
    world = World({"INC-1": 1, "INC-2": 1})
    hub = world.hub()
    one, other = hub.follow("INC-1"), hub.follow("INC-2")
    await asyncio.gather(anext(one), anext(other))
    waiting = asyncio.create_task(anext(one))
    await asyncio.sleep(0.03)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert hub.followers == 1
    await other.aclose()
    assert hub.followers == 0
    await asyncio.sleep(0.05)
    asked = len(world.asked)
    await asyncio.sleep(0.05)
    assert len(world.asked) == asked
    assert len(asyncio.all_tasks()) == 1, "only this test is left"


async def test_a_store_that_is_away_ends_no_stream_and_what_comes_after_is_heard() -> None:
    world = World({"INC-1": 1}, away=True)
    page = world.hub(refresh_s=0).follow("INC-1")
    assert await anext(page) == (1, True)
    world.values["INC-1"] = 2
    assert await anext(page) == (2, True)
    world.away = False
    world.values["INC-1"] = 3
    assert await anext(page) == (3, True)
    await page.aclose()


async def test_a_quiet_incident_gives_a_beat_and_no_news() -> None:
    page = World({"INC-1": 1}).hub(beat_s=0.02).follow("INC-1")
    assert [await anext(page) for _ in range(3)] == [(1, True), (1, False), (1, False)]
    await page.aclose()


async def test_one_too_many_is_refused_and_a_stopping_process_lets_all_go() -> None:
    hub = World({"INC-1": 1}).hub(most=1)
    page = hub.follow("INC-1")
    await anext(page)
    with pytest.raises(Full):
        await anext(hub.follow("INC-1"))
    hub.end()
    with pytest.raises(StopAsyncIteration):
        await anext(page)


def seen_at(now: datetime, at: datetime) -> dict[str, str]:
    seen = Seen(Shown(page_views.rollback(at), audit=()))
    return {name: region.key for name, region in regions(facts_of(seen, None, now, doors=True), now).items()}


def test_time_alone_does_not_change_what_is_under_the_finger() -> None:
    """The card counts down by itself; that a second has passed is no reason to send it again."""
    before, later = seen_at(NOW, NOW), seen_at(NOW.replace(microsecond=0) + page_views.minutes(2), NOW)
    assert before["card"] == later["card"]
    assert before["timeline"] == later["timeline"]
    assert before["header"] != later["header"], "open for so long, so much time left"


def test_an_event_is_one_line_whatever_is_in_it() -> None:
    text = event("card", {"html": "<p>\n\rdata: forged\n\nevent: forged</p>"}, "1.5")
    name, number, data, *rest = text.split("\n")
    assert (name, number, rest) == ("event: card", "id: 1.5", ["", ""])
    assert json.loads(data.removeprefix("data: "))["html"].endswith("event: forged</p>")
