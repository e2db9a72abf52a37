"""Chromium, with which page tests look at pages as people do."""

import os
from pathlib import Path

from rig.obtain.lookup import from_path, from_setting
from rig.obtain.missing import Missing
from rig.obtain.progress import OnProgress, Step, silent

NAME = "Chromium"
VARIABLE = "NIGHTSHIFT_CHROMIUM_BIN"
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def find() -> Path | None:
    """The browser from the setting or PATH."""
    return from_setting(NAME, VARIABLE) or from_path(*_PROGRAMS)


def obtain(on_progress: OnProgress = silent) -> Path:
    """The browser, installed as Debian's package by root where it is not found; Missing for anybody else."""
    if found := find():
        return found
    if os.geteuid() == 0 and from_path("apt-get"):
        _install(on_progress)
    if found := find():
        return found
    remedy = f"install the Debian package chromium, or name a Chromium in {VARIABLE}"
    raise Missing(NAME, "it is not on PATH, and only root can install it", remedy)


def _install(on_progress: OnProgress) -> None:
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    Step("reading Debian's package lists", ["apt-get", "-q", "update"], 5.0, env=quiet).run(on_progress)
    install = ["apt-get", "-q", "-y", "--no-install-recommends", "install", "chromium"]
    Step("installing Chromium", install, 40.0, env=quiet).run(on_progress)
