"""`nightshift detect`: what is watched, how it stands, and why."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from analysis.forecasting.band import Band
from analysis.forest.sealing import sealed, versions
from config.services import load_services
from domain.detection import SeriesRow, series_key
from domain.forest import Feature
from domain.series import Standing
from domain.sign import Sign
from domain.thresholds import WordKind
from integrations.store.forecasts import PostgresForecasts
from integrations.store.forests import PostgresForests
from integrations.store.pool import Pool
from integrations.store.series import PostgresSeries
from integrations.store.thresholds import PostgresThresholds
from starter.cli import app
from starter.cli.exits import Exit
from tests.adapters.http_server import Answer, HttpServer
from tests.adapters.test_store_forecasts import forecast, not_ready
from tests.adapters.test_store_forests import forest
from tests.adapters.test_store_series import NOON, row
from tests.unit.domain.test_thresholds import word


@pytest.fixture
def environment(store_address: str, store_pool: Pool) -> dict[str, str]:
    strange = Sign(
        at=NOON, value=0.0, usual=1.0, sigma=7.5, look="mean of 3", novelty=7.5, by_forecast=6.25, deviation=6.25,
        expected=1.25, scale=0.2,
    )  # fmt: skip
    reported = Standing(signs=(strange,), since=NOON, worst=strange)
    rows: list[SeriesRow] = [
        row("aaaa1", 40),
        row("bbbb2", 400).model_copy(update={"standing": reported, "until": NOON + timedelta(minutes=400)}),
    ]
    PostgresSeries(store_pool).save(rows)
    at = datetime.now(UTC)
    table = np.full((3, 289), 1.0) + np.array([[0], [-0.2], [0.2]])
    trained = forecast("bbbb2", 0, Band(at.timestamp(), 600.0, table).packed())
    PostgresForecasts(store_pool).save(trained.model_copy(update={"trained_at": at, "starts_at": at, "query": "up"}))
    PostgresForecasts(store_pool).save(not_ready("aaaa1"))
    marks = [word(WordKind.RAISED, f"INC-{n}", n, series="bbbb2") for n in range(2)]
    PostgresThresholds(store_pool).add([*marks, word(WordKind.RAISED, "INC-9", 9, series="cccc3")])
    return {"DATABASE_URL": store_address}


def run(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(app, ["detect", *arguments], env=environment, terminal_width=200)


def test_the_list_says_what_is_reported_and_what_is_missing_until_a_series_is_ready(
    environment: dict[str, str],
) -> None:
    shown = run(environment).output
    assert "not ready: 60 more points" in shown
    assert "reported since 2026-03-02 12:00:00 UTC" in shown
    assert "not ready: 3 of 100 points, ready at" in shown
    known = json.loads(run(environment, "--json").output)
    assert [row["forecast"]["points"] for row in known] == [0, 400]


def test_a_series_is_explained_by_its_last_samples(environment: dict[str, str]) -> None:
    shown = run(environment, "--explain", "bbbb").output
    assert "7.5 strange" in shown
    assert "mean of 3" in shown
    assert "1.25 ± 0.9375" in shown
    assert "threshold 4.69 sigma (3 times 1.56): marked false positive: INC-0 by ana at 2026-01-31" in shown
    assert "threshold 3 sigma" in run(environment, "--explain", "aaaa").output
    assert "6.2, 7.5" in shown
    assert "400 points of 3.0 days" in shown


def test_a_series_is_drawn_with_its_forecast(environment: dict[str, str], tmp_path: Path) -> None:
    picture = tmp_path / "series.png"
    done = run(environment, "--explain", "bbbb", "--png", str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "PROMETHEUS_URL is not set" in done.output
    assert run(environment, "--png", str(picture)).exit_code == Exit.USAGE


def test_a_series_that_is_not_there_is_not_found(environment: dict[str, str]) -> None:
    assert run(environment, "--explain", "cccc").exit_code == Exit.NOT_FOUND


def test_a_forest_says_why_it_cannot_tell_or_that_there_is_none(environment: dict[str, str], store_pool: Pool) -> None:
    assert run(environment, "--forest", "orders").exit_code == Exit.NOT_FOUND
    PostgresForests(store_pool).save(forest(0))
    said = run(environment, "--forest", "orders", "--json").output
    assert json.loads(said)["why"] == "PROMETHEUS_URL is not set"
    assert run(environment, "--forest", "orders", "--explain", "bbbb").exit_code == Exit.USAGE


def test_the_forest_of_a_service_is_asked_about_now(
    environment: dict[str, str], store_pool: Pool, faulty: HttpServer
) -> None:
    """Whatever Prometheus is asked for, it is 50 now; the forest knows values about 1."""
    expressions = load_services(None).expressions_of("orders")[1:3]
    features = tuple(
        Feature(
            key=series_key("orders", one, {}), service="orders", expression=one.name, query=one.query, unit=one.unit
        )
        for one in expressions
    )
    known = forest(0).model_copy(update={"trained_at": datetime.now(UTC), "versions": versions()})
    rows = np.random.default_rng(1).normal(1, 0.1, size=(600, 2))
    PostgresForests(store_pool).save(sealed(known, features, np.arange(600) * 600, rows))
    now = time.time() // 5 * 5
    values = [[now - 5 * n, "50"] for n in range(12)]
    labels: dict[str, str] = {}
    result = {"resultType": "matrix", "result": [{"metric": labels, "values": values}]}
    faulty.always(Answer.json(json.dumps({"status": "success", "data": result})))
    said = run(environment | {"PROMETHEUS_URL": faulty.url}, "--forest", "orders").output
    assert "are unusual together (forest -0." in said
    assert "600 rows of 4.2 days" in said
    assert "50 requests/s" in said


def test_raised_thresholds_are_listed_with_who_when_and_why_until_a_named_person_resets_one(
    environment: dict[str, str],
) -> None:
    shown = run(environment, "--thresholds").output
    for said in ("bbbb2", "cccc3", "1.56", "4.69", "INC-1 by ana, 2026-01-31 12:01 UTC"):
        assert said in shown
    assert "threshold raised to 4.69 sigma" in run(environment).output
    done = run(environment, "--reset", "bbbb", "--who", "mia")
    assert "judged at 3 sigma again, says mia (claimed)" in done.output
    known = json.loads(run(environment, "--thresholds", "--json").output)
    assert [(one["series"], one["factor"]) for one in known["thresholds"]] == [("cccc3", 1.25)]
    assert [(one["kind"], one["who"]) for one in known["history"]][-1] == ("reset", "mia (claimed)")
    assert run(environment, "--reset", "bbbb").exit_code == Exit.NOT_FOUND
    assert run(environment, "--reset", "cccc", "--thresholds").exit_code == Exit.USAGE
    assert run(environment, "--thresholds", "--who", "mia").exit_code == Exit.USAGE
