"""Prometheus and promtool, from PATH or from Debian's package."""

from dataclasses import dataclass
from pathlib import Path

from rig import cache
from rig.obtain import debian
from rig.obtain.lookup import from_path, from_setting
from rig.obtain.progress import OnProgress, silent

NAME = "Prometheus"
VARIABLE = "NIGHTSHIFT_PROMETHEUS_BIN"
REMEDY = f"put `prometheus` and `promtool` on PATH, or name prometheus in {VARIABLE}"


@dataclass(frozen=True)
class Programs:
    """The server, the tool that writes history and checks rules, and the pages of Debian's build.

    `pages` None: the build carries its pages inside, or finds them where it was installed.
    """

    prometheus: Path
    promtool: Path
    pages: Path | None = None


def find() -> Programs | None:
    """Both programs from the setting's folder, PATH or the cache; None unless both are there."""
    chosen = from_setting(NAME, VARIABLE)
    server, tool = chosen or from_path("prometheus"), from_path("promtool")
    if chosen and (beside := chosen.parent / "promtool").exists():
        tool = beside
    if server and tool:
        return Programs(server, tool)
    entry = cache.find("prometheus", debian.release())
    return _in_entry(entry) if entry else None


def obtain(on_progress: OnProgress = silent) -> Programs:
    """Both programs, unpacked from Debian's package where they are not found; Missing where that cannot be."""
    if found := find():
        return found
    debian.require(NAME, REMEDY)
    entry = cache.make("prometheus", debian.release(), lambda folder: debian.unpack("prometheus", folder, on_progress))
    return _in_entry(entry)


def _in_entry(entry: Path) -> Programs:
    folder = entry / "usr" / "bin"
    return Programs(folder / "prometheus", folder / "promtool", entry / "usr" / "share" / "prometheus" / "web")
