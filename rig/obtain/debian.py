"""Unpacking Debian packages without installing them, so that no system service starts and no root is needed.

apt checks the archive's signatures as ever; only its lists and downloads go to a private folder, because the
machine's own lists may be missing or old and are root's.
"""

import shutil
from pathlib import Path

from rig.obtain.lookup import from_path
from rig.obtain.missing import Missing
from rig.obtain.progress import OnProgress, Step

EXPECTED_SECONDS = 15.0


def release() -> str:
    """The distribution and its version, such as `debian12`, which stands for the packages' versions."""
    release_file = Path("/etc/os-release")
    if not release_file.exists():
        return "none"
    fields = dict(line.split("=", 1) for line in release_file.read_text().splitlines() if "=" in line)
    return (fields.get("ID", "linux") + fields.get("VERSION_ID", "")).replace('"', "")


def require(name: str, remedy: str) -> None:
    """Missing, with the remedy, on a machine that cannot fetch and unpack Debian packages."""
    if from_path("apt-get") is None or from_path("dpkg-deb") is None:
        raise Missing(name, "it is not on PATH and this machine has no apt-get to fetch it with", remedy)


def unpack(package: str, into: Path, on_progress: OnProgress) -> None:
    """Fetch the package and unpack it below `into`, as if that were the root of the file system."""
    private = into / "apt"
    (private / "lists" / "partial").mkdir(parents=True)
    (private / "cache" / "archives" / "partial").mkdir(parents=True)
    options = [part for option in _options(private) for part in ("-o", option)]
    Step("reading Debian's package lists", ["apt-get", "-q", *options, "update"], 5.0).run(on_progress)
    download = ["apt-get", "-q", *options, "download", package]
    Step(f"fetching {package}", download, EXPECTED_SECONDS, cwd=private).run(on_progress)
    (archive,) = private.glob("*.deb")
    Step(f"unpacking {package}", ["dpkg-deb", "-x", str(archive), str(into)], 2.0).run(on_progress)
    shutil.rmtree(private)


def _options(private: Path) -> list[str]:
    return [
        f"Dir::State={private}",
        "Dir::State::status=/var/lib/dpkg/status",
        f"Dir::Cache={private / 'cache'}",
        "Acquire::Languages=none",
        "APT::Sandbox::User=root",  # the usual `_apt` cannot write here; only root ever changes to it
    ]
