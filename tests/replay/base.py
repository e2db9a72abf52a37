"""The histories as they were where this branch left the main one: incidents that run there now began like this."""

import shutil
import subprocess
from pathlib import Path

from tests.replay.record import FOLDER

ROOT = Path(__file__).parents[2]
PLACE = FOLDER.relative_to(ROOT).as_posix()
MAIN = "origin/main"
SAID = "Histories-recorded-again:"
"""The line of a commit's message by which a change of the order of commands is meant; what follows is why."""


def base_of(repository: Path, main: str = MAIN) -> str | None:
    """The commit where HEAD left `main`; None: there is no git, no repository, no such branch, or HEAD is on it."""
    found = _git(repository, "merge-base", "HEAD", main)
    return None if found is None or found == _git(repository, "rev-parse", "HEAD") else found


def histories_at(repository: Path, commit: str) -> dict[str, str]:
    """The JSON of each history by its path's name."""
    listed = _git(repository, "ls-tree", "--name-only", f"{commit}:{PLACE}") or ""
    names = [name for name in listed.splitlines() if name.endswith(".json")]
    return {Path(name).stem: _git(repository, "show", f"{commit}:{PLACE}/{name}") or "" for name in names}


def meant(repository: Path, base: str) -> tuple[str, ...]:
    """Why commits since then say that they recorded histories again."""
    messages = _git(repository, "log", "--format=%B", f"{base}..HEAD") or ""
    return tuple(line.removeprefix(SAID).strip() for line in messages.splitlines() if line.startswith(SAID))


def _git(repository: Path, *arguments: str) -> str | None:
    """What git answers, None where it refuses or is not there."""
    program = shutil.which("git")
    if program is None:
        return None
    done = subprocess.run([program, "-C", str(repository), *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
