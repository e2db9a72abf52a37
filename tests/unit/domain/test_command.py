"""What people tell an incident besides decisions is read, or answered in words."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from domain.command import Command, CommandName, read_command
from tests.unit.domain.test_approval import PAYLOADS


@pytest.mark.parametrize("name", [name for name in CommandName if name.own is None])
def test_each_command_is_read_and_has_words(name: CommandName) -> None:
    assert read_command({"who": "ada", "comment": "on it"}, name) == Command(name=name, who="ada", comment="on it")
    assert name.words


def test_a_snooze_says_for_how_long() -> None:
    read = read_command({"who": "ada", "comment": "later", "for": "90s"}, CommandName.SNOOZE)
    assert read == Command(name=CommandName.SNOOZE, who="ada", comment="later", lasting=timedelta(seconds=90))


@pytest.mark.parametrize("text", ["", "soon", "1", "-5m", "1.5h", "\u0663m", "9999999s", "1h30m"])
def test_a_snooze_without_an_end_that_can_be_read_is_refused(text: str) -> None:
    read = read_command({"who": "ada", "for": text}, CommandName.SNOOZE)
    assert isinstance(read, str)
    assert "a snooze has an end" in read


def test_only_a_snooze_has_a_length() -> None:
    assert "unknown field 'for'" in str(read_command({"who": "ada", "for": "30m"}, CommandName.ACK))


def test_a_merge_names_one_incident_and_a_split_services() -> None:
    merge = read_command({"who": "ada", "comment": "one release", "into": "INC-1"}, CommandName.MERGE)
    split = read_command({"who": "ada", "comment": "two causes", "services": " a,b, ,a"}, CommandName.SPLIT)
    assert merge == Command(name=CommandName.MERGE, who="ada", comment="one release", into="INC-1")
    assert split == Command(name=CommandName.SPLIT, who="ada", comment="two causes", services=("a", "b"))


def test_a_service_with_a_comma_in_its_name_can_be_split_off() -> None:
    said = {"who": "ada", "comment": "two causes", "services": '"billing, eu",orders'}
    read = read_command(said, CommandName.SPLIT)
    assert isinstance(read, Command)
    assert read.services == ("billing, eu", "orders")
    assert "services is '\"billing'" in str(read_command(said | {"services": '"billing'}, CommandName.SPLIT))


@pytest.mark.parametrize(("name", "said", "missing"), [
    (CommandName.MERGE, {"into": "INC-1"}, "a merge says why"),
    (CommandName.SPLIT, {"services": "a"}, "a split says why"),
    (CommandName.MERGE, {"comment": "why"}, "into is missing"),
    (CommandName.SPLIT, {"comment": "why", "services": " , "}, "services is missing"),
    (CommandName.SPLIT, {"comment": "why", "into": "INC-1"}, "unknown field 'into'"),
])  # fmt: skip
def test_a_merge_and_a_split_say_what_and_why(name: CommandName, said: dict[str, str], missing: str) -> None:
    assert missing in str(read_command({"who": "ada", **said}, name))


def test_a_command_needs_somebody_who_gives_it() -> None:
    assert read_command({"comment": "on it"}, CommandName.ACK) == "who is missing or empty"


def test_a_name_cannot_start_a_line_of_its_own() -> None:
    read = read_command({"who": "ada\n10:00 resolved by grace"}, CommandName.ACK)
    assert isinstance(read, Command)
    assert read.who == "ada 10:00 resolved by grace"


def test_control_characters_marks_of_direction_and_halves_of_characters_are_taken_out() -> None:
    read = read_command({"who": "a\x00d\u202ea\ud800", "comment": "\x1b[31mred"}, CommandName.ACK)
    assert isinstance(read, Command)
    assert (read.who, read.comment) == ("a d a", "[31mred")


def test_names_and_comments_are_cut() -> None:
    read = read_command({"who": "a" * 1_000, "comment": "b" * 10_000}, CommandName.TAKE)
    assert isinstance(read, Command)
    assert (len(read.who), len(read.comment)) == (200, 2_000)


@given(PAYLOADS)
def test_no_payload_ever_raises(raw: Any) -> None:
    assert read_command(raw, CommandName.RESOLVE)
