"""What the doctor says of a language model: is there one, does it answer, what is sent, and what does it cost?"""

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest
from temporalio.client import Client

from config.settings import Settings, load_settings
from rig.servers.model import KEY, MODEL, ModelServer
from starter.doctor import model, temporal
from starter.doctor.check import Row, Status, run_all
from starter.doctor.imports import import_what_checks_need
from starter.polling import needed
from workers.registry import NAMES


def rows(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Sequence[Row]:
    for name in ("NIGHTSHIFT_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings: Settings = load_settings()
    import_what_checks_need(settings)
    return tuple(asyncio.run(run_all(tuple(model.checks(settings)))))


def test_without_a_model_it_is_off_and_a_key_that_lies_about_is_said_not_to_be_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (row,) = rows(monkeypatch, OPENAI_API_KEY=KEY)
    assert (row.status, row.cost) == (Status.OFF, "causes are found by statistics and rules alone")
    assert "your key is not used" in row.remedy


@pytest.mark.parametrize(("model", "unasked"), [("gpt-4o", set[str]()), (None, {"advice"})])
def test_each_queue_has_a_row_and_that_of_advice_where_a_model_is_asked(
    monkeypatch: pytest.MonkeyPatch, model: str | None, unasked: set[str]
) -> None:
    """What nobody looks at is missed by the machine strip and the alert rules too: both ask for the same queues."""
    settings = load_settings().model_copy(update={"model": model})
    names = {check.name for check in temporal.checks(settings, cast("Client", None))}
    assert {name.removeprefix("queue ") for name in names if name.startswith("queue ")} == set(NAMES) - unasked
    assert set(needed(settings)) == set(NAMES) - unasked


@pytest.mark.parametrize(
    ("name", "key", "status", "said"),
    [
        (MODEL, KEY, Status.OK, "masked evidence of each incident is sent there"),
        ("another", KEY, Status.WARN, "answers and does not list 'another'"),
        (MODEL, "sk-wrong", Status.FAIL, "answered 401"),
    ],
)
def test_a_model_that_answers_is_told_from_one_that_does_not(
    monkeypatch: pytest.MonkeyPatch, mind: ModelServer, name: str, key: str, status: Status, said: str
) -> None:
    row, _ = rows(
        monkeypatch, NIGHTSHIFT_MODEL=name, OPENAI_API_KEY=key, OPENAI_BASE_URL=mind.url,
        NIGHTSHIFT_MODEL_PRICES=f"{name}=1/2",
    )  # fmt: skip
    assert (row.status, said in row.said) == (status, True), row.said
    assert mind.paid == [], "a question that costs nothing"


def test_a_ledger_that_is_away_is_said_to_stop_all_calls(monkeypatch: pytest.MonkeyPatch, mind: ModelServer) -> None:
    _, cost = rows(
        monkeypatch, NIGHTSHIFT_MODEL="gpt-4o", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=mind.url,
    )  # fmt: skip
    assert (cost.status, cost.cost) == (Status.FAIL, "no call is made where nobody counts what it costs")
