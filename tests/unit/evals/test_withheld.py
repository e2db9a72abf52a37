"""`nightshift eval withheld`: every choice of sources once, and what is away is missing, never absent."""

import json
from pathlib import Path

from typer.testing import CliRunner

from analysis.ranking import rank
from domain.finding import Category, Finding, Presence, Source, missing
from domain.question import RankQuestion
from evals.command import app
from evals.diagnosis.case import MissingDataError
from evals.diagnosis.data.shop import OurShop
from evals.diagnosis.withheld import choices, without
from evals.shop.asked import Asked, keep
from tests.unit.analysis.test_ranking import QUESTION, WINDOW, calm, finding, pool

FOUND = (
    pool(1, Source.METRICS),
    pool(2, Source.LOGS),
    calm(3, Source.TRACES),
    finding(4, Source.MEMORY, "orders", 1.0, categories={Category.DISK: 1.0}),
    missing(Source.CHANGES, "not configured", WINDOW),
)
_EVERY_CHOICE = 7


def test_every_choice_of_the_sources_that_answered_comes_once_all_of_them_first() -> None:
    """One that looked and saw nothing answered; one that nobody could ask did not; memory is always there."""
    found = list(choices(FOUND))
    assert found[0] == {Source.METRICS, Source.LOGS, Source.TRACES}
    assert len(found) == len(set(found)) == _EVERY_CHOICE


def test_what_is_away_is_missing_with_its_reason_and_the_rest_stays() -> None:
    left = without(FOUND, frozenset({Source.LOGS, Source.TRACES}), WINDOW)
    assert [f.source for f in left if f.presence is Presence.MISSING] == [Source.METRICS, Source.CHANGES]
    assert [f.id for f in left if f.presence is not Presence.MISSING] == ["F2", "F3", "F4"]
    assert rank(left, QUESTION).confidence < rank(FOUND, QUESTION).confidence


def fault(*findings: Finding, category: Category = Category.CONNECTION_POOL) -> Asked:
    question = RankQuestion(question=QUESTION, findings=findings)
    return Asked(fault="connection-pool", services=frozenset({"orders"}), category=category, question=question)


def test_a_fault_of_the_shop_is_read_as_it_was_kept(tmp_path: Path) -> None:
    keep(tmp_path / "seed-1", 3, fault(*FOUND))
    assert OurShop().parts(tmp_path) == ("connection-pool",)
    (case,) = OurShop().cases(tmp_path, "connection-pool")
    assert (case.name, case.truth, case.kinds) == ("seed-1/03-connection-pool", {"orders"}, {"connection_pool"})
    assert (case.told, case.question) == (FOUND, QUESTION)


def test_other_json_in_the_folder_is_none_of_it_and_a_fault_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    keep(tmp_path, 1, fault(*FOUND))
    (tmp_path / "figures.json").write_text("[]", encoding="utf-8")
    assert len(list(OurShop().cases(tmp_path, "connection-pool"))) == 1
    (tmp_path / "02-connection-pool.fault.json").write_text('{"fault": "connection-pool"}', encoding="utf-8")
    said = CliRunner().invoke(
        app, ["withheld", "--dataset", "shop", "--data", str(tmp_path), "--only", "connection-pool"]
    )
    assert said.exit_code == 2
    assert "stopped: 02-connection-pool.fault.json is no fault that this version can read (services: " in said.output


def test_a_run_does_not_mix_its_faults_with_those_of_another(tmp_path: Path) -> None:
    keep(tmp_path, 1, fault(*FOUND))
    said = CliRunner().invoke(app, ["shop", "--cases", str(tmp_path)])
    assert said.exit_code == 2
    assert "holds 1 faults of another run: choose another" in " ".join(said.output.replace("│", " ").split())


def test_a_folder_without_faults_is_told_as_such(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["withheld", "--dataset", "shop", "--data", str(tmp_path)])
    assert said.exit_code == 2
    assert "holds no fault" in said.output
    assert MissingDataError.__name__ not in said.output


def test_the_command_counts_right_and_wrong_by_how_many_sources_there_were(tmp_path: Path) -> None:
    keep(tmp_path, 1, fault(*FOUND))
    keep(tmp_path, 2, fault(*FOUND, category=Category.DISK))
    out = tmp_path / "out" / "rows.json"
    out.parent.mkdir()
    asked = ["withheld", "--dataset", "shop", "--data", str(tmp_path), "--only", "connection-pool"]
    said = CliRunner().invoke(app, [*asked, "--json", str(out)])
    assert said.exit_code == 0, said.output
    rows = json.loads(out.read_text(encoding="utf-8"))["rows"]
    assert [row["whole"] for row in rows] == [True, *[False] * 6] * 2
    first, second = rows[0], rows[_EVERY_CHOICE]
    assert first["said"] == second["said"] == "connection pool at orders".replace(" ", "_", 1)
    assert (first["right"], second["right"]) == (True, False)
