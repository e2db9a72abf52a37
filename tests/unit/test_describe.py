"""What Temporal's web UI shows of an incident: Markdown in which no text from outside is anything but text."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from tests import page_views
from tests.advice import HOSTILE, an_advice
from workflows.describe import current_details

NOW = datetime(2026, 1, 31, 3, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "off"),
        ({"adviser": "rig-mind"}, "rig-mind: not asked so far"),
        (
            {"adviser": "rig-mind", "advice": an_advice()},
            "rig-mind: agrees with the ranking: connection pool at orders ($0.0123 for 4,200 tokens)",
        ),
        (
            {"advice": an_advice(said="no opinion: over budget; the statistical answer stands")},
            "rig-mind: no opinion: over budget; the statistical answer stands ($0.0123 for 4,200 tokens)",
        ),
    ],
    ids=["off", "not yet", "agreed", "over budget"],
)
def test_the_state_of_the_model_stands_beside_the_cause(changes: dict[str, Any], said: str) -> None:
    details = current_details(page_views.diagnosed(NOW).model_copy(update=changes))
    assert f"\n\n**Model** `{said}`\n\n" in details
    assert details.index("**Why**") < details.index("**Model**") < details.index("**Next**")


@pytest.mark.parametrize("words", [HOSTILE, page_views.HOSTILE, "a\x1b[2J\u202eb", "`x` ![](https://evil.example.com)"])
def test_what_a_model_says_is_no_markup_of_ours(words: str) -> None:
    """Nor is anything else that comes from outside: all of it stands as code, and without what nobody sees."""
    view = page_views.hostile(NOW).model_copy(update={"advice": an_advice(words, said=words, model=words)})
    details = current_details(view)
    ours = re.sub(r"```json.*?```|`[^`\n]*`", "", details, flags=re.S)
    assert not re.search(r"[<>\[\]|!]|evil|\x1b|\u202e", ours.replace("[Incident page]", ""))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", details)
