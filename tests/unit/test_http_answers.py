"""What an HTTP answer means for a retry."""

from datetime import UTC, datetime

import pytest

from integrations.http_answers import bounded, refusal, seconds_of
from integrations.ports import PortError, Rejected, Unavailable

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Rejected), (401, Rejected), (404, Rejected), (408, Unavailable), (422, Rejected), (425, Unavailable),
     (429, Unavailable), (500, Unavailable), (503, Unavailable), (599, Unavailable)],
)  # fmt: skip
def test_what_passes_is_worth_a_retry(status: int, kind: type[PortError]) -> None:
    assert type(refusal("S", status, "words", None)) is kind


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 5 ", 5.0),
        ("Sat, 31 Jan 2026 12:00:30 GMT", 30.0),
        ("Sat, 31 Jan 2026 11:00:00 GMT", 0.0),
        ("Sat, 31 Jan 2026 12:00:30 -0000", 30.0),
        ("soon", None),
        ("-3", None),
        ("9" * 400, 86_400.0),
        ("Sat, 31 Jan 9999 12:00:30 GMT", 86_400.0),
        ("Sat, 31 Jan 99999999999999999999 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_a_number_of_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert seconds_of(header, NOW) == seconds


def test_another_sides_words_are_cut_to_one_line() -> None:
    text = str(refusal("Source", 500, "first\n  second\t" + "x" * 1000, None))
    assert text.startswith("Source answered 500: first second xxx")
    assert len(text) < 350


def test_a_body_is_read_up_to_its_bound_and_not_beyond() -> None:
    assert bounded("S", [b"ab", b"cd"], largest=4) == b"abcd"
    unread = iter([b"abc", b"de", b"f"])
    with pytest.raises(Rejected, match="S answered with more than 4 bytes"):
        bounded("S", unread, largest=4)
    assert list(unread) == [b"f"]
