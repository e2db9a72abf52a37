"""`python -m tests.replay.freeze NAME`: keep the present histories as those of a release, to be replayed from then on.

Run it when a release is made, or when what is here starts to serve incidents anywhere. A frozen history is never
recorded again: a workflow that cannot follow it would stop the incidents that began under that release.
"""

import argparse
import re
import shutil
import sys
from pathlib import Path

from tests.replay.record import FOLDER

RELEASED = FOLDER.parent / "released"
_NAME = re.compile(r"^[a-z0-9][a-z0-9.-]{0,40}$")


def main() -> int:
    """Freeze under the given name; 2 for a name that is taken or no name of a folder."""
    parser = argparse.ArgumentParser(prog="python -m tests.replay.freeze", description=__doc__)
    parser.add_argument("name", help="of the release, such as 0.2.0 or 2026-12-01")
    name = parser.parse_args().name
    if not _NAME.match(name):
        parser.error(f"{name!r} is no name: small letters, digits, dots and dashes")
    try:
        count = freeze(FOLDER, RELEASED / name)
    except FileExistsError:
        parser.error(f"{name!r} is frozen already, and what is frozen stays as it is")
    sys.stdout.write(f"{count} histories are kept in {RELEASED.name}/{name}\n")
    return 0


def freeze(histories: Path, release: Path) -> int:
    """Copy all of them; returns how many. Raises FileExistsError when the release is there already."""
    release.mkdir(parents=True)
    found = sorted(histories.glob("*.json"))
    for history in found:
        shutil.copyfile(history, release / history.name)
    return len(found)


if __name__ == "__main__":
    sys.exit(main())
