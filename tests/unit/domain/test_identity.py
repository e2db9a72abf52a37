"""The key that groups an incident and the id that people say aloud are found by everybody alike."""

import re
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from domain.identity import group_key, incident_id
from tests.unit.domain.examples import NOW, anomaly

NAMES = st.text(st.characters(codec="utf-8") | st.sampled_from("abc-_.ABC /é"), max_size=90)


def _key(service: str) -> str:
    return group_key(anomaly(service=service))


def test_a_plain_name_is_its_own_key() -> None:
    assert _key("orders") == "incident-orders"
    assert _key("shop_2.orders-api") == "incident-shop_2.orders-api"


def test_a_name_of_which_nothing_is_left_is_still_a_key() -> None:
    assert _key("é").startswith("incident-service-")
    assert _key("").startswith("incident-service-")


def test_all_anomalies_of_a_service_share_a_key_whatever_else_they_are() -> None:
    assert group_key(anomaly()) == group_key(anomaly(name="Other", source="datadog", fingerprint="f9"))


@given(NAMES, NAMES)
def test_two_services_never_share_a_key(one: str, other: str) -> None:
    assert (_key(one) == _key(other)) == (one == other)


def test_names_that_differ_only_in_what_had_to_go_have_keys_of_their_own() -> None:
    alike = ["a-b", "a b", "a/b", "A-B", "-a-b-", "a" * 60 + "b", "a" * 60 + "c", "", "é", "ü"]
    assert len({_key(name) for name in alike}) == len(alike)


@given(NAMES)
def test_nobody_can_name_a_service_after_the_key_of_another(service: str) -> None:
    taken = _key(service).removeprefix("incident-")
    assert taken == service or _key(taken) != _key(service)


@given(NAMES)
def test_a_key_is_short_and_fit_for_an_address(service: str) -> None:
    assert re.fullmatch(r"incident-[a-z0-9._-]{1,73}", _key(service))


def test_the_id_shows_the_day_and_six_characters_that_are_not_misheard() -> None:
    assert re.fullmatch(r"INC-20260204-[0-9A-HJKMNP-TV-Z]{6}", incident_id("b1946ac9-2492", NOW))


def test_the_id_stays_what_it_is() -> None:
    """Pinned: a change would give every open incident a second name."""
    assert incident_id("run-1", NOW) == "INC-20260204-E5KV8D"


def test_the_day_is_that_of_utc_wherever_the_caller_sits() -> None:
    late = datetime(2026, 2, 4, 23, 30, tzinfo=UTC)
    assert incident_id("run-1", late) == incident_id("run-1", late.astimezone(timezone(timedelta(hours=5))))


def test_another_run_of_the_same_day_has_another_id() -> None:
    assert incident_id("run-2", NOW) != incident_id("run-1", NOW)
