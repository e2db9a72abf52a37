"""A text from outside stays a text in Slack, whatever it is."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.mrkdwn import CUT, cut, escaped

NASTY = st.text(st.sampled_from("<>&!@#|*_~`:/ aZ9\n\u202e\x00"), max_size=60) | st.text(max_size=120)


@given(NASTY)
def test_nothing_that_slack_reads_as_its_own_is_left(text: str) -> None:
    safe = escaped(text)
    assert not set("<>`\n\r\x00\u202e") & set(safe)
    assert re.sub(r"&(amp|lt|gt);", "", safe).count("&") == 0


@given(NASTY)
def test_no_word_begins_or_ends_with_formatting(text: str) -> None:
    assert not re.search(r"(?:^|(?<=[^\w]))[*_~]|[*_~](?=[^\w]|$)", escaped(text))


@given(st.text(st.characters(categories=("L", "N")), min_size=1, max_size=50))
def test_a_word_stays_as_it_is(text: str) -> None:
    assert escaped(text) == text


@pytest.mark.parametrize("name", ["order_service", "a*b", "deployment/shop", "5xx at 31 %", "user:42", "x~y"])
def test_names_and_numbers_stay_as_they_are(name: str) -> None:
    assert escaped(name) == name


def test_what_people_see_is_what_was_written() -> None:
    assert html.unescape(escaped("a < b & c > d")) == "a < b & c > d"


@given(NASTY, st.integers(60, 200))
def test_a_cut_leaves_no_half_of_an_entity_or_a_link(text: str, longest: int) -> None:
    whole = " ".join([escaped(text), "<https://night.example/1|Page>"] * 8)
    short = cut(whole, longest)
    assert len(short) <= longest
    assert short.count("<") == short.count(">")
    assert re.sub(r"&(amp|lt|gt);", "", short).count("&") == 0


def test_a_cut_says_so_and_what_fits_is_left_alone() -> None:
    assert cut("x" * 100, 100) == "x" * 100
    assert cut("x" * 101, 100).endswith(CUT)
