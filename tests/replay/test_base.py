"""What runs where this branch comes from goes on under this build, or a commit says that it does not."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.replay.base import PLACE, ROOT, SAID, base_of, histories_at, meant
from tests.replay.record import FOLDER
from tests.replay.replaying import read_events, replay

STOPS = (
    "Incidents that began at {base} would stop in this build: {name}.json of then cannot be replayed ({said}).\n"
    "Keep the old order of commands for them with workflow.patched(). If that change is meant, and nothing runs that "
    "began before it, say so in the commit: a line {line} and why."
)


async def _replays(repository: Path, folder: Path, main: str = "origin/main") -> None:
    base = base_of(repository, main)
    if base is None or meant(repository, base):
        return
    for name, text in histories_at(repository, base).items():
        file = folder / f"{name}.json"
        file.write_text(text, encoding="utf-8")
        try:
            await replay(name, read_events(file))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported with the way out
            pytest.fail(STOPS.format(base=base[:10], name=name, said=error, line=SAID), pytrace=False)


async def test_histories_of_the_merge_base_are_done_again(tmp_path: Path) -> None:
    await _replays(ROOT, tmp_path)


class _Branch:
    """A repository whose main branch has one history, and which is on another branch with one more commit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch=main")
        (folder / PLACE).mkdir(parents=True)

    def git(self, *arguments: str) -> None:
        who = ("-c", "user.name=mia", "-c", "user.email=mia@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", str(self.folder), *who, *arguments], check=True, capture_output=True)

    def history(self, text: str) -> None:
        (self.folder / PLACE / "auto_resolved.json").write_text(text, encoding="utf-8")
        self.git("add", ".")
        self.git("commit", "--quiet", "--message=a history")
        self.git("checkout", "--quiet", "-b", "change")

    def change(self, message: str) -> None:
        self.git("commit", "--quiet", "--allow-empty", f"--message={message}")


@pytest.fixture
def branch(tmp_path: Path) -> _Branch:
    folder = tmp_path / "repository"
    folder.mkdir()
    return _Branch(folder)


_NOW = (FOLDER / "auto_resolved.json").read_text(encoding="utf-8")
_OTHERWISE = _NOW.replace('"look_at_logs"', '"look_at_journals"')


async def test_a_branch_that_keeps_the_order_is_green(branch: _Branch, tmp_path: Path) -> None:
    branch.history(_NOW)
    branch.change("another text")
    assert json.loads(histories_at(branch.folder, str(base_of(branch.folder, "main")))["auto_resolved"])
    await _replays(branch.folder, tmp_path, "main")


async def test_a_branch_that_changes_the_order_is_red(branch: _Branch, tmp_path: Path) -> None:
    branch.history(_OTHERWISE)
    branch.change("another order")
    with pytest.raises(pytest.fail.Exception, match=r"auto_resolved\.json of then cannot be replayed"):
        await _replays(branch.folder, tmp_path, "main")


async def test_a_change_that_is_meant_is_said_in_a_commit(branch: _Branch, tmp_path: Path) -> None:
    branch.history(_OTHERWISE)
    branch.change(f"another order\n\n{SAID} nothing is released yet")
    await _replays(branch.folder, tmp_path, "main")


def test_where_there_is_no_other_branch_there_is_nothing_to_compare(branch: _Branch) -> None:
    branch.history(_NOW)
    assert base_of(branch.folder, "main") is None
    assert base_of(branch.folder, "origin/main") is None
