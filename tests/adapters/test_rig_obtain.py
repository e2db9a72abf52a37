"""A server that is missing is named in one sentence with the remedy; what a person chose is used."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rig.obtain import alertmanager, chromium, elasticsearch, jaeger, kubernetes, prometheus, temporal, temporal_test
from rig.obtain.missing import Missing
from rig.obtain.progress import Progress, Step, StepFailedError
from rig.obtain.servers import obtain

SETTINGS = (
    temporal.VARIABLE,
    temporal_test.VARIABLE,
    prometheus.VARIABLE,
    alertmanager.VARIABLE,
    jaeger.VARIABLE,
    kubernetes.VARIABLE,
    chromium.VARIABLE,
    "JAVA_HOME",
)


@pytest.fixture
def _bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing on PATH, nothing in the cache, nothing chosen."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("NIGHTSHIFT_CACHE", str(tmp_path / "cache"))
    for variable in SETTINGS:
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def _no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """No package index to fetch wheels from."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")


@pytest.mark.usefixtures("_bare_machine", "_no_index")
@pytest.mark.parametrize(
    ("get", "sentence"),
    [
        (temporal.obtain, r"^Temporal's CLI is missing \(.*no Go.*install Go 1\.24 or newer.*\.$"),
        (temporal_test.obtain, r"^Temporal's time-skipping test server is missing \(.*java.*install a JDK 17.*\.$"),
        (prometheus.obtain, r"^Prometheus is missing \(.*apt-get.*put `prometheus` and `promtool` on PATH.*\.$"),
        (alertmanager.obtain, r"^Alertmanager is missing \(.*no Go.*\.$"),
        (elasticsearch.obtain, r"^Elasticsearch is missing \(.*java.*install a JDK 17.*\.$"),
        (jaeger.obtain, r"^Jaeger is missing \(.*no Go.*\.$"),
        (kubernetes.obtain, r"^Kubernetes is missing \(.*no Go.*\.$"),
        (chromium.obtain, r"^Chromium is missing \(.*install the Debian package chromium.*\.$"),
    ],
)
def test_a_missing_server_is_one_sentence_with_its_remedy(get: Callable[[], object], sentence: str) -> None:
    with pytest.raises(Missing, match=sentence) as error:
        get()
    assert "\n" not in str(error.value)


@pytest.mark.usefixtures("_bare_machine")
def test_a_chosen_program_is_used_and_a_wrong_choice_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "my-temporal"
    monkeypatch.setenv(temporal.VARIABLE, str(program))
    with pytest.raises(Missing, match=r"NIGHTSHIFT_TEMPORAL_BIN is '.*my-temporal', which is no program"):
        temporal.obtain()
    program.touch(mode=0o755)
    assert temporal.obtain() == program


@pytest.mark.usefixtures("_bare_machine")
def test_go_that_is_too_old_is_named_with_its_version(tmp_path: Path) -> None:
    go = tmp_path / "bin" / "go"
    go.write_text("#!/bin/sh\necho go version go1.19.8 linux/amd64\n")
    go.chmod(0o755)
    with pytest.raises(Missing, match=r"too old.*go1\.19\.8"):
        jaeger.obtain()


def test_temporal_needs_no_compiler_where_there_is_a_wheel_of_it(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    ties_children = Path(shutil.which("setpriv") or "")
    request.getfixturevalue("_bare_machine")
    (tmp_path / "bin" / "setpriv").symlink_to(ties_children)
    version = subprocess.run([temporal.obtain(), "--version"], capture_output=True, text=True, check=True).stdout
    assert temporal.VERSION in version


@pytest.mark.usefixtures("_bare_machine", "_no_index")
def test_one_missing_server_does_not_keep_the_others_from_being_tried(tmp_path: Path) -> None:
    results = obtain(["temporal", "postgres"], lambda _: lambda _: None)
    assert isinstance(results["temporal"].exception(), Missing)
    assert results["postgres"].exception() is None


def test_a_step_reports_its_progress_and_its_end() -> None:
    seen: list[Progress] = []
    Step("sleeping", ["sleep", "1.5"], expected=1.5).run(seen.append)
    assert [progress.done for progress in seen] == [False, True]
    assert all(progress.what == "sleeping" for progress in seen)


def test_a_step_that_fails_says_what_it_printed() -> None:
    with pytest.raises(StepFailedError, match=r"ended with 2: (.|\n)*no-such-file"):
        Step("listing", ["ls", "no-such-file"], expected=1).run(lambda _: None)
