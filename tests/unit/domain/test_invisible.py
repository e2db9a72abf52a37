"""What nobody sees is taken out of what people read, and spelled out in logs."""

import pytest

from domain.invisible import spelled_out, without_invisible

CASES = (
    ("orders: 5xx\n\tat 40 %", "orders: 5xx\n\tat 40 %", "orders: 5xx\n\tat 40 %"),
    ("\x1b[2Jgone", "[2Jgone", r"\x1b[2Jgone"),
    ("safe\u202exe.gpj", "safexe.gpj", r"safe\u202exe.gpj"),
    ("a\u2028b\x85c\ud800", "abc", r"a\u2028b\x85c\ud800"),
    ("Größe 数 🚒", "Größe 数 🚒", "Größe 数 🚒"),
)


@pytest.mark.parametrize(("text", "seen", "spelled"), CASES)
def test_invisible_characters(text: str, seen: str, spelled: str) -> None:
    assert (without_invisible(text), spelled_out(text)) == (seen, spelled)
