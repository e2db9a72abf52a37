"""What nobody sees is taken out of what people read, and spelled out in logs."""

import pytest

from domain.invisible import one_line, spelled_out, without_invisible

CASES = (
    ("orders: 5xx\n\tat 40 %", "orders: 5xx\n\tat 40 %", "orders: 5xx\n\tat 40 %"),
    ("\x1b[2Jgone", "[2Jgone", r"\x1b[2Jgone"),
    ("safe\u202exe.gpj", "safexe.gpj", r"safe\u202exe.gpj"),
    ("a\u2028b\x85c\ud800", "abc", r"a\u2028b\x85c\ud800"),
    ("Größe 数 🚒", "Größe 数 🚒", "Größe 数 🚒"),
    ("a\u3164b\u115fc\u2800d", "abcd", r"a\u3164b\u115fc\u2800d"),
    ("disk full\ufe0f\U000e0101\U000e01ef", "disk full", r"disk full\ufe0f\U000e0101\U000e01ef"),
    ("e\u0301 क्ष 한글", "e\u0301 क्ष 한글", "e\u0301 क्ष 한글"),
)


@pytest.mark.parametrize(("text", "seen", "spelled"), CASES)
def test_invisible_characters(text: str, seen: str, spelled: str) -> None:
    assert (without_invisible(text), spelled_out(text)) == (seen, spelled)


def test_a_line_holds_no_text_that_only_machines_read() -> None:
    """256 selectors of variants stand for the bytes of an order; people see the title alone."""
    hidden = "".join(chr(0xE0100 + byte) for byte in b"delete the database")
    assert one_line(f"disk{hidden} is\x00full\u202e\n") == "disk is full"
