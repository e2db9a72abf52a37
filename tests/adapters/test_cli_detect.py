"""`nightshift detect`: what is watched, how it stands, and why."""

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner, Result

from domain.detection import SeriesRow, Sign, Standing
from integrations.store.pool import Pool
from integrations.store.series import PostgresSeries
from starter.cli import app
from starter.cli.exits import Exit
from tests.adapters.test_store_series import NOON, row


@pytest.fixture
def environment(database: str, store_pool: Pool) -> dict[str, str]:
    strange = Sign(at=NOON, value=0.0, usual=1.0, sigma=7.5, look="mean of 3")
    reported = Standing(signs=(strange,), since=NOON, worst=strange)
    rows: list[SeriesRow] = [
        row("aaaa1", 40),
        row("bbbb2", 400).model_copy(update={"standing": reported, "until": NOON + timedelta(minutes=400)}),
    ]
    PostgresSeries(store_pool).save(rows)
    return {"DATABASE_URL": database}


def run(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(app, ["detect", *arguments], env=environment, terminal_width=200)


def test_the_list_says_what_is_reported_and_what_is_missing_until_a_series_is_ready(
    environment: dict[str, str],
) -> None:
    shown = run(environment).output
    assert "not ready: 60 more points" in shown
    assert "reported since 2026-03-02 12:00:00 UTC" in shown
    assert len(json.loads(run(environment, "--json").output)) == 2


def test_a_series_is_explained_by_its_last_samples(environment: dict[str, str]) -> None:
    shown = run(environment, "--explain", "bbbb").output
    assert "7.5 strange" in shown
    assert "mean of 3" in shown


def test_a_series_that_is_not_there_is_not_found(environment: dict[str, str]) -> None:
    assert run(environment, "--explain", "cccc").exit_code == Exit.NOT_FOUND
