"""Logs: a line of JSON on stderr with the incident, and no secret in it."""

import json
import subprocess
import sys

_SCRIPT = """
import logging
import structlog
from config.logging import bind_incident, set_up_logging

set_up_logging()
bind_incident("INC-20260131-7F3K2A")
structlog.stdlib.get_logger("ours").info(
    "connected", dsn="postgresql://u:hunter2@host", nested={"password": "hunter2"}, note="see http://u:hunter2@host/x"
)
structlog.get_logger("ours").info("login failed", name="\\x1b]0;pwned\\x07 ana")
logging.getLogger("theirs").warning("login failed: host=h password=hunter2 at %s", "smtp://u:hunter2@host")
"""


def test_every_line_is_json_with_the_incident_and_without_secrets() -> None:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True)
    ours, stranger, theirs = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.stdout == ""
    assert "hunter2" not in done.stderr
    assert (ours["incident"], ours["event"], ours["level"], ours["logger"]) == (
        "INC-20260131-7F3K2A", "connected", "info", "ours",
    )  # fmt: skip
    assert (ours["dsn"], ours["nested"]) == ("***", {"password": "***"})
    assert ours["note"] == "see http://***@host/x"
    assert stranger["name"] == r"\x1b]0;pwned\x07 ana", "a stranger's name moves nobody's cursor"
    assert theirs["event"] == "login failed: host=h password=*** at smtp://***@host"
