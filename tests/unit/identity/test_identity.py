"""Tokens, sessions and guesses, without a server; and files of people that do not fit."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.errors import ConfigError
from config.people import load_people
from config.settings import Settings
from domain.approval import Verdict
from domain.doors import Door
from domain.policy import Policy
from starter.console.login import _place  # pyright: ignore[reportPrivateUsage] - where a link may lead
from starter.identity import tokens
from starter.identity.guesses import Guesses
from starter.identity.speech import Speech, Unsayable
from tests.fakes import FakeEar
from tests.people import KEY, known, password, people, token_of

NOW = datetime(2026, 2, 4, 10, 0, tzinfo=UTC)
LONG_KEY = "k" * 32


def test_a_token_fits_its_own_hash_alone_and_the_hash_does_not_show_it() -> None:
    ours, other = token_of("ana"), token_of("mia")
    token = ours.token.get_secret_value()
    assert tokens.fits(token, ours.hashed)
    assert not tokens.fits(token, other.hashed)
    assert not tokens.fits(token[:-1], ours.hashed)
    assert not tokens.fits(token, None)
    assert token.split("_", 2)[2] not in ours.hashed
    assert tokens.make().hashed != tokens.make().hashed


@pytest.mark.parametrize("token", ["", "nst_", "nst__", "x_00000000_y", "nst_00000000_" + "x" * 500, "\udcff", "é" * 9])
async def test_what_is_no_token_is_nobodys(token: str) -> None:
    assert await known(FakeEar()).directory.with_token(token) is None


async def test_people_are_found_by_token_slack_user_and_address() -> None:
    directory = known(FakeEar()).directory
    found = await directory.with_token(password("ana"))
    assert found is not None
    assert found.name == "ana"
    assert directory.on_slack("U0MIA") == directory.named("mia")
    assert directory.on_slack("U0NOBODY") is None
    assert directory.with_email("ANA@example.com") == found


def test_a_session_ends_with_its_time_its_logout_and_its_token() -> None:
    sessions = known(FakeEar()).sessions
    ana = people().named("ana")
    assert ana is not None
    cookie = sessions.begin(ana, NOW)
    read = sessions.read(cookie, NOW + timedelta(hours=11, minutes=59))
    assert read is not None
    assert read[1].name == "ana"
    assert sessions.read(cookie, NOW + timedelta(hours=12)) is None
    sessions.end(read[0], NOW)
    assert sessions.read(cookie, NOW) is None
    changed = ana.model_copy(update={"token": SecretStr(token_of("mia").hashed)})
    assert sessions.read(sessions.begin(changed, NOW), NOW) is None


def test_who_fails_five_times_waits_and_only_they() -> None:
    guesses = Guesses()
    for _ in range(5):
        assert guesses.wait_s("here", NOW) == 0
        guesses.failed("here", NOW)
    assert guesses.wait_s("here", NOW + timedelta(minutes=4)) == 60
    assert guesses.wait_s("there", NOW) == 0
    assert guesses.wait_s("here", NOW + timedelta(minutes=5)) == 0


@pytest.mark.parametrize(
    "to",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/incidents/../x", "/login"],
)
def test_a_login_leads_to_our_own_pages_only(to: str) -> None:
    assert _place(to) == "/incidents"
    assert _place("/incidents/INC-20260131-7F3K2A") == "/incidents/INC-20260131-7F3K2A"


def test_what_is_not_complete_cannot_be_said() -> None:
    ana = people().named("ana")
    assert ana is not None
    with pytest.raises(Unsayable, match="digest is missing or empty"):
        Speech(KEY).decision(ana, Door.SLACK, NOW, incident="INC-1", digest="", verdict=Verdict.APPROVE)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("people: [{name: 'a b'}]", "people[0].name: 'a b' is not a name"),
        ("people: [{name: ana, token: nst_secret}]", "people[0].token: its value is not a hash"),
        ("people: [{name: ana, slack: '@ana'}]", "people[0].slack: '@ana' is not the id of a Slack user"),
        ("people: [{name: ana, email: ana}]", "people[0].email: 'ana' is not a mail address"),
        ("people: [{name: ana, approves_up_to: ALL}]", "people[0].approves_up_to: 'ALL'"),
        ("people: [{name: ana, rolle: x}]", "people[0].rolle: 'x': there is no such field"),
        ("people: [{name: ana}, {name: Ana}]", "name 'Ana' stands here twice"),
        ("people: [{name: bo}]", "policy: approvers[0]: 'ana' is not in "),
    ],
)
def test_a_file_of_people_that_does_not_fit_is_refused_with_field_and_value(
    tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "people.yaml"
    path.write_text(content)
    settings = Settings.model_validate({"NIGHTSHIFT_PEOPLE": path, "NIGHTSHIFT_IDENTITY_KEY": LONG_KEY})
    with pytest.raises(ConfigError) as refused:
        load_people(settings, Policy(approvers=("ana",)))
    assert said in str(refused.value)
    assert "nst_secret" not in str(refused.value)


def test_people_without_a_key_and_half_a_proxy_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"
    path.write_text("people: [{name: ana}]")
    with pytest.raises(ConfigError, match="NIGHTSHIFT_IDENTITY_KEY: is not set"):
        load_people(Settings.model_validate({"NIGHTSHIFT_PEOPLE": path}), Policy())
    with pytest.raises(ConfigError, match="NIGHTSHIFT_PROXY_ADDRESSES: is not set"):
        load_people(Settings.model_validate({"NIGHTSHIFT_PROXY_HEADER": "X-User"}), Policy())
    with pytest.raises(ConfigError, match="NIGHTSHIFT_PROXY_HEADER: is not set"):
        load_people(Settings.model_validate({"NIGHTSHIFT_PROXY_ADDRESSES": "10.0.0.1"}), Policy())
    assert load_people(Settings.model_validate({}), Policy(approvers=("ana",))).people == ()
