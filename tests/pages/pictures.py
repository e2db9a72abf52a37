"""The pictures of docs/approvals.md, made anew: `python -m tests.pages.pictures [FOLDER]`.

A plan waits in a real Temporal; a browser does in its web UI what the page tells people to do. Needs Chromium.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.async_api import FloatRect, Locator, Page, async_playwright
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from domain.incident import State
from domain.policy import Floors
from domain.view import IncidentView
from rig.obtain import chromium
from rig.servers.temporal import TemporalServer
from starter.intake import House, TemporalIntake
from tests.workflows.world import POLICY, SERVICES, World, anomaly
from workflows.contract import Summary
from workflows.incident import IncidentWorkflow
from workflows.search_attributes import ALL

IMAGES = Path(__file__).parents[2] / "docs" / "images"
LARGEST = 150_000
"""Bytes of a picture: the documentation is read by phone too."""
_ASKS = POLICY.model_copy(update={"floors": Floors(LOW=1.0), "gather_s": 0.1})
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
_WIDTH, _HEIGHT = 1200, 1160
_PATIENCE_S = 120.0
_MARGIN = 24
_COLOURS = 64
Handle = WorkflowHandle[IncidentWorkflow, Summary]


@dataclass(frozen=True)
class Desk:
    """An incident whose plan waits, as Temporal's web UI shows it."""

    page: Page
    folder: Path
    handle: Handle

    async def metadata(self, name: str) -> None:
        """What there is to read before one decides."""
        await self.page.get_by_text("Current Details").wait_for()
        await self.page.frame_locator('iframe[src*="Send%20an%20Update"]').get_by_text("Send an Update").wait_for()
        await self._keep(name, None)

    async def fill_in(self, said: dict[str, str], name: str) -> Locator:
        """The dialog, filled in and not sent."""
        await self.page.get_by_role("button", name="More Actions").click()
        await self.page.get_by_role("menu").get_by_text("Send an Update").click()
        dialog = self.page.locator("dialog[open], [aria-modal=true]").filter(has_text="Send an Update").first
        await dialog.locator("#update-select").locator("xpath=..").click()
        await dialog.get_by_role("option", name="decide").click()
        await self.paste(dialog, said)
        await self._keep(name, dialog)
        return dialog

    async def paste(self, dialog: Locator, said: dict[str, str]) -> None:
        """Its data. The editor lays it out anew when it is left, which moves the buttons below it."""
        await dialog.get_by_role("textbox").last.fill(json.dumps(said))
        await dialog.locator("#update-id").focus()

    async def send(self, dialog: Locator, name: str) -> None:
        """The dialog with the incident's answer."""
        await dialog.get_by_role("button", name="Submit").click()
        answer = dialog.get_by_text("the plan that is waiting").first
        await answer.wait_for()
        await self._keep(name, dialog, down_to=answer)

    async def _keep(self, name: str, around: Locator | None, *, down_to: Locator | None = None) -> None:
        """`down_to` is the last that is seen: below its answer the UI shows where in the program it was given."""
        box = await around.bounding_box() if around is not None else None
        last = await down_to.bounding_box() if down_to is not None else None
        if box is not None and last is not None:
            box["height"] = last["y"] + last["height"] - box["y"]
        file = self.folder / f"{name}.png"
        await self.page.screenshot(path=file, clip=_with_margin(box) if box else None, animations="disabled")
        with Image.open(file) as seen:
            seen.quantize(_COLOURS).save(file, optimize=True)
        size = file.stat().st_size
        assert size <= LARGEST, f"{file}: {size} bytes"
        sys.stdout.write(f"{file}: {size} bytes\n")


def _with_margin(box: FloatRect) -> FloatRect:
    return FloatRect(
        x=max(0, box["x"] - _MARGIN), y=max(0, box["y"] - _MARGIN), width=box["width"] + 2 * _MARGIN,
        height=box["height"] + 2 * _MARGIN,
    )  # fmt: skip


async def _waiting(handle: Handle) -> IncidentView:
    while True:
        try:
            view = await handle.query(IncidentWorkflow.view)
        except RPCError:  # its first task has not run yet
            view = None
        if view is not None and view.state is State.WAITING_FOR_APPROVAL:
            return view
        await asyncio.sleep(0.2)


@asynccontextmanager
async def _asking(client: Client) -> AsyncGenerator[tuple[Handle, IncidentView]]:
    """An incident as the starter opens it, in which a plan waits for a person."""
    async with World(policy=_ASKS).living(client) as world:
        await TemporalIntake(client, House(_ASKS, SERVICES, "default", None, None), _PATIENCE_S).accept([anomaly()])
        handle = client.get_workflow_handle_for(IncidentWorkflow.run, "incident-orders")
        yield handle, await _waiting(handle)
        world.let_go()
        await handle.terminate("the pictures are made")


async def make(folder: Path) -> None:
    """All pictures. Raises AssertionError for one that is too large, and playwright's errors when the UI is another."""
    with tempfile.TemporaryDirectory() as data, TemporalServer(Path(data), search_attributes=ALL) as server:
        client = await server.connect()
        async with _asking(client) as (handle, view), async_playwright() as playwright:
            program = str(chromium.obtain())
            browser = await playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
            page = await browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
            page.set_default_timeout(1000 * _PATIENCE_S)
            await page.goto(
                f"{server.ui_url}/namespaces/default/workflows/{handle.id}/{view.workflow_run}/user-metadata"
            )
            await _pictures(Desk(page, folder, handle), view)
            await browser.close()


async def _pictures(desk: Desk, view: IncidentView) -> None:
    assert view.waiting is not None
    await desk.metadata("temporal-plan")
    wrong = {"digest": "1111aaaa", "who": "ana", "comment": "the report can wait"}
    dialog = await desk.fill_in({**wrong, "digest": view.waiting.digest}, "temporal-update")
    await desk.paste(dialog, wrong)
    await desk.send(dialog, "temporal-refused")


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES))
