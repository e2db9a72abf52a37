"""A cache entry is whole or not there, and is built once."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from rig import cache


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSHIFT_CACHE", str(tmp_path))


def _write(folder: Path) -> None:
    (folder / "program").write_text("built")


def _write_half_and_hang(folder: Path) -> None:
    (folder / "program").write_text("hal")
    time.sleep(60)


def _build_slowly(log: Path) -> None:
    def build(folder: Path) -> None:
        time.sleep(0.3)
        with log.open("a") as file:
            file.write("built\n")
        _write(folder)

    cache.make("server", "1", build)


def test_what_was_built_is_found_again_and_not_built_twice() -> None:
    made = cache.make("server", "1", _write)
    assert (made / "program").read_text() == "built"
    assert cache.find("server", "1") == made
    assert cache.make("server", "1", _write_half_and_hang) == made


def test_another_version_is_another_entry() -> None:
    cache.make("server", "1", _write)
    assert cache.find("server", "2") is None


def test_a_build_that_fails_leaves_no_entry(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        _write(folder)
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"):
        cache.make("server", "1", fail)
    assert cache.find("server", "1") is None
    assert not list(tmp_path.glob(".building-*"))


def test_a_build_that_was_killed_leaves_no_entry_and_its_rest_is_cleared(tmp_path: Path) -> None:
    builder = multiprocessing.get_context("spawn").Process(
        target=cache.make, args=("server", "1", _write_half_and_hang)
    )
    builder.start()
    give_up = time.monotonic() + 30
    while not list(tmp_path.glob(".building-*/program")):
        assert time.monotonic() < give_up
        time.sleep(0.02)
    os.kill(builder.pid or 0, signal.SIGKILL)
    builder.join()
    builder.close()
    assert cache.find("server", "1") is None
    assert (cache.make("server", "1", _write) / "program").read_text() == "built"
    assert not list(tmp_path.glob(".building-*"))


def test_two_processes_that_want_the_same_entry_build_it_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    context = multiprocessing.get_context("spawn")
    builders = [context.Process(target=_build_slowly, args=(log,)) for _ in range(2)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join(30)
    assert [builder.exitcode for builder in builders] == [0, 0]
    for builder in builders:
        builder.close()
    assert log.read_text() == "built\n"


def test_the_cache_folder_is_the_setting_then_the_desktops_then_the_homes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert cache.root() == tmp_path
    monkeypatch.delenv("NIGHTSHIFT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache.root() == Path("/x/nightshift")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/h")
    assert cache.root() == Path("/h/.cache/nightshift")
