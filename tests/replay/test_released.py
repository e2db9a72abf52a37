"""Incidents that began under a release go on under this build: what was frozen then is replayed for ever."""

from pathlib import Path

import pytest

from tests.replay.freeze import RELEASED, freeze
from tests.replay.record import FOLDER
from tests.replay.replaying import read_events, replay

STOPS = (
    "Incidents that began under release {release} would stop in this build: {name}.json cannot be replayed ({said}).\n"
    "Keep the old order of commands for them with workflow.patched(), or pin builds: docs/operations.md, Upgrade. "
    "What is frozen is never recorded again."
)


def _frozen() -> list[Path]:
    """None, as long as nothing has been released."""
    return sorted(RELEASED.glob("*/*.json"))


async def _replays(file: Path) -> None:
    try:
        await replay(file.stem, read_events(file))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported with the way out
        pytest.fail(STOPS.format(release=file.parent.name, name=file.stem, said=error), pytrace=False)


async def test_what_was_released_is_done_again() -> None:
    """One test for all, so that it is there, and green, before there is anything to replay."""
    for file in _frozen():
        await _replays(file)


def test_a_release_holds_histories_and_nothing_else() -> None:
    """A folder that is empty would pass for a release that is kept."""
    folders = [folder for folder in RELEASED.glob("*") if folder.is_dir()]
    assert all(any(folder.glob("*.json")) for folder in folders)
    assert all(file.suffix == ".json" for folder in folders for file in folder.iterdir())


def test_what_is_frozen_is_a_copy_that_is_not_frozen_twice(tmp_path: Path) -> None:
    release = tmp_path / "released" / "0.1.0"
    assert freeze(FOLDER, release) == len(list(FOLDER.glob("*.json"))) > 0
    assert {file.name for file in release.iterdir()} == {file.name for file in FOLDER.glob("*.json")}
    with pytest.raises(FileExistsError):
        freeze(FOLDER, release)


async def test_a_frozen_history_that_cannot_be_followed_is_red(tmp_path: Path) -> None:
    """So that a green one means something."""
    release = tmp_path / "0.1.0"
    freeze(FOLDER, release)
    file = next(release.glob("auto_resolved.json"))
    file.write_text(file.read_text(encoding="utf-8").replace('"look_at_logs"', '"look_at_journals"'), encoding="utf-8")
    with pytest.raises(pytest.fail.Exception, match=r"began under release 0\.1\.0 would stop in this build"):
        await _replays(file)
