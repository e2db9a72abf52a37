"""Temporal's test server that skips time, from Maven, behind a launcher of its own."""

import sys
from pathlib import Path

from rig import cache
from rig.obtain import maven
from rig.obtain.lookup import from_setting
from rig.obtain.progress import OnProgress, silent

NAME = "Temporal's time-skipping test server"
VARIABLE = "NIGHTSHIFT_TEMPORAL_TEST_SERVER"
VERSION = "1.38.0"
EXPECTED_SECONDS = 15.0
_PROGRAM = "temporal-test-server"
# Without a logger that says nothing, each start complains on standard error that there is no logger.
_LIBRARIES = [f"io.temporal:{_PROGRAM}:{VERSION}", "org.slf4j:slf4j-nop:1.7.36"]

# The SDK starts the server itself, so the launcher ties the server's life to the SDK's process.
_LAUNCHER = """#!/bin/sh
here=$(dirname "$0")
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
set -- "$java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$here/lib/*" io.temporal.testserver.TestServer "$@"
exec setpriv --pdeathsig KILL "$@"
"""


def find() -> Path | None:
    """The launcher from the setting or the cache; None when the jars would have to be fetched."""
    entry = cache.find(_PROGRAM, VERSION)
    return from_setting(NAME, VARIABLE) or (entry and entry / _PROGRAM)


def obtain(on_progress: OnProgress = silent) -> Path:
    """The launcher, its jars fetched with Maven where it is not found; Missing where that cannot be."""
    maven.java_program(NAME, "java")
    if found := find():
        return found
    mvn = maven.require(NAME)

    def build(folder: Path) -> None:
        step = (f"fetching {NAME}", EXPECTED_SECONDS)
        maven.copy_with_dependencies(mvn, _LIBRARIES, folder / "lib", step, on_progress)
        _write_launcher(folder / _PROGRAM)

    return cache.make(_PROGRAM, VERSION, build) / _PROGRAM


def _write_launcher(path: Path) -> None:
    text = _LAUNCHER
    if not sys.platform.startswith("linux"):  # setpriv is util-linux's
        text = text.replace("setpriv --pdeathsig KILL ", "")
    path.write_text(text)
    path.chmod(0o755)
