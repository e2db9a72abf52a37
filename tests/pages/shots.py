"""Pictures of the incident's page in each state, on a phone and on a desk, light and dark: to be looked at by people.

`python -m tests.pages.shots FOLDER [STATE ...]` writes there `<state>-<width>[-dark].png` of the first screen, `-card`
at the card, and `-full` of all.
"""

import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from domain.gate import GateVerdict, Ruling
from domain.incident import Attempt, Outcome, State
from domain.plan import Action, Plan
from domain.standing import Standing
from domain.verification import Recovery, Verdict
from domain.view import IncidentView, Next
from rig.obtain import chromium
from starter.parts import Parts
from starter.targets import Targets
from tests import page_views
from tests.fakes import FakeEar, FakeIncidents, FakeLive
from tests.incidents import minutes
from tests.pages.conftest import FLAGS, serving, troubled_machine
from tests.pages.test_card import log_in
from tests.parts import parts_with
from tests.people import known

SIZES = ((360, 640), (1280, 720))


def investigating(now: datetime) -> IncidentView:
    return page_views.detected(now).model_copy(update={
        "state": State.INVESTIGATING, "next": Next(text="All sources are asked at once."),
    })  # fmt: skip


def acting(now: datetime) -> IncidentView:
    return page_views.decided(now).model_copy(update={
        "state": State.ACTING, "next": Next(text="The action is carried out, and read back"),
    })  # fmt: skip


def watching(now: datetime) -> IncidentView:
    until = now + minutes(12)
    return page_views.fixed(now).model_copy(update={
        "state": State.WATCHING, "outcome": None, "closed_at": None, "postmortem": None,
        "next": Next(text=f"If it holds until {until:%H:%M:%S} UTC, the incident closes", at=until),
    })  # fmt: skip


def unresolved(now: datetime) -> IncidentView:
    failed = Verdict(recovery=Recovery.NOT_BETTER, reason="error ratio: 0.29 (bound 0.05), 0 of 3 in band")
    fixed = page_views.fixed(now)
    attempt = fixed.attempts[0].model_copy(update={"verification": failed, "held": None})
    clock = fixed.clock.model_copy(update={"stopped_at": fixed.closed_at})
    return fixed.model_copy(update={
        "state": State.UNRESOLVED, "outcome": Outcome.UNRESOLVED, "attempts": (attempt,), "escalated": True,
        "recovered_at": None, "clock": clock,
    })  # fmt: skip


def undoing(now: datetime) -> IncidentView:
    return page_views.decided(now).model_copy(update={
        "state": State.UNDOING, "next": Next(text="It did not help. Roll checkout forward to revision 41."),
    })  # fmt: skip


def false_positive(now: datetime) -> IncidentView:
    return page_views.fixed(now).model_copy(update={
        "state": State.FALSE_POSITIVE, "outcome": Outcome.FALSE_POSITIVE, "attempts": (), "recovered_at": None,
        "ended_by": "mia",
    })  # fmt: skip


STATES = {
    "detected": page_views.detected, "investigating": investigating, "diagnosed": page_views.diagnosed,
    "explained": page_views.explained, "waiting": page_views.rollback, "acting": acting,
    "verifying": page_views.decided, "undoing": undoing, "watching": watching, "resolved": page_views.fixed,
    "escalated": page_views.stuck, "unresolved": unresolved, "false-positive": false_positive,
    "merged": page_views.merged,
}  # fmt: skip


class Cluster:
    """A target that answers at once."""

    actions = frozenset(Action)

    def look(self, plan: Plan) -> Standing:
        return Standing(
            at=datetime.now(UTC), before=("revision 41", "image checkout:2.8.1"),
            after=("revision 40", "image checkout:2.8.0"), about="4 of 6 replicas ready",
        )  # fmt: skip


def house(views: dict[str, IncidentView]) -> Parts:
    store = FakeIncidents()
    for view in (*views.values(), *_before(views["waiting"])):
        store.save(view)
    parts = parts_with(live=FakeLive(*views.values()), incidents=store, desk=known(FakeEar()).desk)
    parts.machine.latest = troubled_machine(datetime.now(UTC))
    return replace(parts, targets=Targets([Cluster()]))


def _before(view: IncidentView) -> Iterator[IncidentView]:
    """Earlier incidents that tried what waits now: three times well, once not."""
    assert view.waiting is not None
    assert view.waiting.plan is not None
    done = page_views.fixed(view.opened_at).attempts[0]
    for number, good in enumerate((True, True, False, True), start=1):
        at = view.opened_at - minutes(60 * 24 * 9 * number)
        executed = done.executed and done.executed.model_copy(update={"ended_at": at})
        verdict = Verdict(recovery=Recovery.RECOVERED if good else Recovery.NOT_BETTER, reason="seen")
        attempt = Attempt(
            number=1, plan=view.waiting.plan, gate=GateVerdict(ruling=Ruling.RUN, clause="allowed", reason="fine"),
            executed=executed, verification=verdict, held=good or None,
        )  # fmt: skip
        closed = page_views.fixed(at).model_copy(update={"attempts": (attempt,), "opened_at": at})
        yield closed.model_copy(update={"incident": f"INC-20250101-00000{number}", "key": f"earlier-{number}"})


@contextmanager
def browsing() -> Generator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium.obtain()), args=FLAGS)
        yield browser
        browser.close()


def picture(page: Page, folder: Path, name: str) -> None:
    """The first screen, the card, and everything."""
    page.wait_for_timeout(600)
    page.screenshot(path=folder / f"{name}.png")
    page.screenshot(path=folder / f"{name}-full.png", full_page=True)
    page.evaluate("document.getElementById('card')?.scrollIntoView()")
    page.screenshot(path=folder / f"{name}-card.png")


def main(folder: Path, only: frozenset[str] = frozenset()) -> None:
    """All of them, or some states only, into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    views = {
        name: build(now).model_copy(update={"incident": f"INC-20260131-7F3K{n:X}A", "key": f"incident-{name}"})
        for n, (name, build) in enumerate(STATES.items(), start=2)
    }
    with serving(house(views)) as address, browsing() as browser:
        for width, height in SIZES:
            for dark in (False, True):
                context = browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
                )
                context.set_default_timeout(120_000)
                page = context.new_page()
                log_in(page, address, views["waiting"])
                for name, view in views.items():
                    if only and name not in only:
                        continue
                    page.goto(f"{address}/incidents/{view.incident}")
                    picture(page, folder, f"{name}-{width}{'-dark' if dark else ''}")
                page.goto(f"{address}/incidents")
                picture(page, folder, f"list-{width}{'-dark' if dark else ''}")
                context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), frozenset(sys.argv[2:]))
