"""The command line: exit codes, what goes where, and how little it imports."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint

import pytest
import typer
from typer.testing import CliRunner

from domain.timeline import Entry, Kind
from starter.cli import app
from starter.cli.durations import duration
from starter.cli.exits import Exit, Stop
from starter.cli.frames import as_json, facts, frame, plain
from starter.cli.group import COMMANDS, PLUGINS, plugged
from starter.cli.output import ColorMode, Output
from tests import page_views
from tests.advice import an_advice

NOW = datetime(2026, 1, 31, 3, 7, tzinfo=UTC)
HEAVY = ("prophet", "sklearn", "pandas", "matplotlib", "kubernetes", "sqlalchemy")
NOWHERE = "127.0.0.1:9"


@pytest.fixture
def run() -> CliRunner:
    return CliRunner()


@pytest.mark.parametrize("module", ["starter.cli", "starter.app", "workflows.incident"])
def test_importing_it_brings_no_heavy_library(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_the_command_line_does_not_wait_for_the_sdk_or_the_web_framework() -> None:
    code = "import sys, starter.cli; print([n for n in ('temporalio', 'fastapi', 'psycopg') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_names_every_command_those_of_other_packages_too_and_all_exit_codes(run: CliRunner) -> None:
    said = " ".join(run.invoke(app, ["--help"], terminal_width=200).stdout.split())
    assert [name for name in (*COMMANDS, "demo", "up") if f" {name} " not in said] == []
    assert [str(int(code)) for code in Exit if str(int(code)) not in said] == []


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_can_say_what_it_does(run: CliRunner, name: str) -> None:
    answer = run.invoke(app, [name, "--help"])
    assert answer.exit_code == Exit.DONE
    assert f"nightshift {name}" in " ".join(answer.stdout.split()).replace("root", "nightshift")


def test_a_command_that_is_not_there_is_a_usage_error(run: CliRunner) -> None:
    assert run.invoke(app, ["nonsense"]).exit_code == Exit.USAGE


def test_a_wrong_setting_is_a_usage_error_that_names_it(run: CliRunner) -> None:
    answer = run.invoke(app, ["incidents"], env={"PROMETHEUS_URL": "foo"})
    assert answer.exit_code == Exit.USAGE
    assert answer.stderr.strip() == "error: PROMETHEUS_URL: 'foo' is not an http(s) address"
    assert answer.stdout == ""


def test_without_a_store_the_setting_is_asked_for(run: CliRunner) -> None:
    answer = run.invoke(app, ["incidents"], env={"DATABASE_URL": ""})
    assert answer.exit_code == Exit.USAGE
    assert "DATABASE_URL: is not set" in answer.stderr


@pytest.mark.parametrize("command", [["incidents"], ["ack", "INC-1"], ["resume-automation"]])
def test_when_nothing_answers_it_says_so_without_a_traceback(run: CliRunner, command: list[str]) -> None:
    nowhere = {"TEMPORAL_ADDRESS": NOWHERE, "DATABASE_URL": f"postgresql://x@{NOWHERE}/x"}
    answer = run.invoke(app, command, env=nowhere)
    assert answer.exit_code == Exit.UNREACHABLE
    assert answer.stderr.startswith("error: store: no connection to PostgreSQL in time")
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""


def test_a_rejection_without_a_reason_is_a_usage_error(run: CliRunner) -> None:
    assert run.invoke(app, ["reject", "INC-1"]).exit_code == Exit.USAGE


def test_a_command_of_another_package_that_lacks_a_library_says_which() -> None:
    function = plugged(EntryPoint("chaos", "no_such_package.command:chaos", PLUGINS))
    with pytest.raises(Stop, match="no_such_package"):
        function()


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1_800), ("1h", 3_600), ("2D", 172_800)]
)  # fmt: skip
def test_lengths_of_time_are_read_as_people_type_them(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "h", "-1h", "1.5h", "1 hour"])
def test_another_form_of_a_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a length of time"):
        duration(text)


def test_an_event_is_one_line_that_begins_with_its_time() -> None:
    view = page_views.diagnosed(NOW)
    entry = Entry(seq=1, at=NOW, kind=Kind.ALERT, actor="prometheus", text="HighErrorRatio\nfiring \x1b[2J on orders")
    assert plain(view, entry) == (
        f"2026-01-31T03:07:00Z {view.incident} alert prometheus: HighErrorRatio firing [2J on orders"
    )
    assert "\n" not in as_json(view, entry)


@pytest.mark.parametrize("build", [page_views.waiting, page_views.stuck, page_views.fixed, page_views.hostile])
def test_a_frame_answers_the_questions_within_100_columns_and_without_control_codes(
    build: page_views.Build, capsys: pytest.CaptureFixture[str]
) -> None:
    view = build(NOW)
    console = Output(ColorMode.NEVER).out
    console.print(frame(view, NOW, ("a banner",)), width=100, soft_wrap=False)
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    starts = [next(n for n, line in enumerate(lines) if line.startswith(word)) for word in ("cause", "next", "decides")]
    assert starts == sorted(starts)


def test_a_frame_says_what_a_model_made_of_it() -> None:
    view = page_views.diagnosed(NOW).model_copy(update={"advice": an_advice()})
    said = "rig-mind: agrees with the ranking: connection pool at orders ($0.0123 for 4,200 tokens)"
    assert dict(facts(view, NOW))["model"] == said
    plain = page_views.diagnosed(NOW)
    assert dict(facts(plain, NOW))["model"] == "off"
    assert dict(facts(plain.model_copy(update={"adviser": "rig-mind"}), NOW))["model"] == "rig-mind: not asked so far"


def test_the_frame_of_a_merged_incident_names_the_one_that_took_it_over(capsys: pytest.CaptureFixture[str]) -> None:
    Output(ColorMode.NEVER).out.print(frame(page_views.merged(NOW), NOW))
    shown = capsys.readouterr().out
    assert "next     It goes on in INC-20260131-000002." in shown
    assert "SLA" not in shown
    assert "Nobody has to" not in shown


def test_without_a_terminal_there_is_no_colour_unless_it_is_wanted(run: CliRunner) -> None:
    """The error's label is red where colour is."""
    bad = {"PROMETHEUS_URL": "foo"}
    assert "\x1b" not in run.invoke(app, ["incidents"], env=bad).stderr
    assert "\x1b" in run.invoke(app, ["--color", "always", "incidents"], env={**bad, "NO_COLOR": "1"}).stderr
    assert "\x1b" not in run.invoke(app, ["--color", "never", "incidents"], env=bad).stderr
