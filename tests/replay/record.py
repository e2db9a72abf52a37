"""`python -m tests.replay.record [PATH ...]`: record again what the workflow does on each path, to be replayed.

Needed after a change of the workflow that old runs cannot follow, and only then: a running incident lives through a
deployment, so such a change needs a patch (`workflow.patched`) or a new version once the product is in use.
"""

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from temporalio.client import WorkflowHistory

from rig.servers.temporal_test import time_skipping
from tests.replay.paths import PATHS, walked
from workflows import search_attributes

FOLDER = Path(__file__).parent / "histories"


def main() -> int:
    """Record the named paths, all by default."""
    parser = argparse.ArgumentParser(prog="python -m tests.replay.record", description=__doc__)
    names = [path.name for path in PATHS]
    parser.add_argument("paths", nargs="*", metavar="PATH", help=", ".join(names))
    chosen = parser.parse_args().paths or names
    if unknown := [name for name in chosen if name not in names]:
        parser.error(f"no such path {unknown!r}; there are {', '.join(names)}")
    # Sources that fail on purpose are no news here.
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    asyncio.run(record(chosen))
    return 0


async def record(names: Sequence[str]) -> None:
    """One file for each path, one after the other, as the server's clock is one for all."""
    async with time_skipping(search_attributes.ALL) as server:
        for path in [path for path in PATHS if path.name in names]:
            history = await walked(path, server)
            text = readable(history)
            (FOLDER / f"{path.name}.json").write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path.name}: {len(history.events)} events, {len(text) / 1000:.0f} kB\n")


def readable(history: WorkflowHistory) -> str:
    """JSON with one event a line, without what tells of the machine and what a replay does not read."""
    events = [json.dumps(_bare(event), sort_keys=True) for event in history.to_json_dict()["events"]]
    return '{"events": [\n' + ",\n".join(events) + "\n]}\n"


def _bare(value: Any) -> Any:
    """Who polled and where it failed are of one machine; what an activity was given, its result stands for."""
    if isinstance(value, list):
        return [_bare(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    kept = {name: _bare(field) for name, field in fields.items() if name not in {"identity", "stackTrace"}}
    if "activityTaskScheduledEventAttributes" in kept:
        kept["activityTaskScheduledEventAttributes"].pop("input", None)
    return kept


if __name__ == "__main__":
    sys.exit(main())
