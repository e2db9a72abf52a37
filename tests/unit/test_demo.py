"""The demo tells and judges only what was measured."""

from datetime import UTC, datetime
from io import StringIO

from rich.console import Console

from rig.demo.narrator import Narrator
from tests import page_views

NOW = datetime(2026, 1, 31, 3, 7, tzinfo=UTC)


def test_an_incident_is_told_with_the_time_at_which_it_opened_and_before_its_alerts() -> None:
    view = page_views.diagnosed(NOW)
    out = StringIO()
    Narrator(Console(file=out, width=200), began=view.opened_at.timestamp() - 3).tell(view)
    first, second = out.getvalue().splitlines()[:2]
    assert first.split()[:3] == ["+3.0", "s", "incident"]
    assert f"{view.incident} opened" in first
    assert " alert " in second
