"""`nightshift eval diagnosis`: adapters translate, figures are counted right, and missing data are named."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from analysis.calibration import Calibration, Coefficients
from domain.diagnosis import Diagnosis, Place
from domain.question import Question
from domain.services import Expression, ServiceMap
from evals.command import app
from evals.diagnosis.case import Case, MissingDataError
from evals.diagnosis.combined import combined
from evals.diagnosis.data.nezha import Nezha
from evals.diagnosis.data.opensre import OpenSre
from evals.diagnosis.data.petshop import PetShop
from evals.diagnosis.data.sockshop import SockShop
from evals.diagnosis.datasets import DATASETS
from evals.diagnosis.fit import main as fit
from evals.diagnosis.investigate import diagnose
from evals.diagnosis.left_out import of_places
from evals.diagnosis.run import chosen
from evals.diagnosis.scoring import Answer, average5, binned, calibration_error, named_right, specificity, top
from evals.diagnosis.told import told

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
GRAPH = ServiceMap(expressions=(Expression(name="e", kind="cpu", query="q", unit="", floor=1),))


def answer(truth: str | None, *services: str, sure: float = 0.9) -> Answer:
    question = Question(incident="c", services=("a",), onset=NOON, now=NOON, graph=GRAPH)
    places = tuple(Place(service=s, score=9 - n) for n, s in enumerate(services))
    case = Case("c", "p", "g", question, frozenset({truth} if truth else ()))
    return Answer(case, (), Diagnosis(confidence_reason="", places=places, place_confidence=sure), 0.0)


def test_scores_count_the_rank_of_the_right_service() -> None:
    told = [answer("a", "a", "b"), answer("a", "b", "c", "a"), answer("a", "b")]
    assert top(told, 1) == pytest.approx(1 / 3)
    assert top(told, 3) == pytest.approx(2 / 3)
    assert average5(told) == pytest.approx((1 / 3 + 1 / 3 + 2 / 3 * 3) / 5)


def test_in_a_normal_window_whatever_is_named_is_wrong() -> None:
    told = [answer(None, "a", sure=0.8), answer(None, "a", sure=0.2), answer("a", "a", sure=0.7)]
    assert specificity(told) == 0.5
    assert named_right(told) == 0.5
    assert top(told, 1) == 1.0


def test_the_reliability_table_holds_every_case_once() -> None:
    table = binned([(0.0, False), (0.25, False), (0.5, True), (0.95, True), (1.0, True)])
    assert sum(b.count for b in table) == 5
    assert (table[-1].count, table[-1].right) == (2, 1.0)


def test_runs_are_put_together_from_what_they_wrote() -> None:
    run: dict[str, Any] = {
        "dataset": "d", "parts": ["p"],
        "cases": [
            case("a", "a", place=0.8, both=0.6, kind="disk", kinds=["disk"]),
            case(None, place=0.0, both=0.0),
        ],
    }  # fmt: skip
    figures = combined([run, run])
    assert [(b["count"], b["right"]) for b in figures["reliability"]] == [(2, 0.0), (2, 1.0)]
    assert (figures["normal_windows"], figures["abstained"]) == (2, 1.0)
    assert figures["calibration_error"] == pytest.approx(0.1)


def test_place_and_kind_are_right_together_or_not_at_all() -> None:
    """Right kind at the wrong place is wrong; a fault whose kind nobody tells is not judged; normal windows are."""
    run: dict[str, Any] = {
        "dataset": "d", "parts": ["p"],
        "cases": [
            case("a", "a", both=0.6, kind="disk", kinds=["disk"]),
            case("a", "a", both=0.6, kind="network", kinds=["disk"]),
            case("a", "b", both=0.6, kind="disk", kinds=["disk"]),
            case("a", "a", both=0.6, kind="unknown"),
            case(None, both=0.0),
        ],
    }  # fmt: skip
    kinds = combined([run])["place_and_kind"]
    assert (kinds["cases"], kinds["kind_not_told"], kinds["kind_right"]) == (4, 1, {"d": "1 of 2"})
    assert [(b["count"], b["right"]) for b in kinds["reliability"]] == [(1, 0.0), (3, 0.333)]


def case(
    truth: str | None, said: str | None = None, *, place: float = 0.9, both: float = 0.5, kind: str | None = None,
    kinds: Sequence[str] = (), part: str = "p",
) -> dict[str, Any]:  # fmt: skip
    """As `eval diagnosis --json` writes it; a score of seven bits without a second."""
    return {
        "part": part, "truth": [truth] if truth else [], "said": [{"service": said}] if said else [],
        "looks": [3.0, 1.0] if said else [0.0, 0.0], "place_confidence": place, "confidence": both, "sight": 1.0,
        "kind": kind, "kinds": list(kinds),
    }  # fmt: skip


SURE, UNSURE = (Coefficients(offset=offset, score=0, lead=0) for offset in (2.0, -2.0))


def test_a_part_is_judged_by_the_map_that_never_saw_it_and_each_case_counts_once() -> None:
    cases = [case("a", "a"), case("a", "b"), case("a"), case(None, "a"), case(None), case("a", "a", part="q")]
    seen = told([{"dataset": "d", "parts": ["p", "q"], "cases": cases}])
    maps = Calibration(how="", all=SURE, without={"d/p": SURE, "d/q": UNSURE, "d": UNSURE})
    by_part, by_set, in_use = of_places(seen, maps)["scores"].values()
    p = by_part["d/p"]
    assert (p["cases"], p["faults"], p["named_right"], p["named_wrong"], p["abstained"]) == (5, 3, 1, 1, 1)
    assert (p["normal"], p["normal_named"]) == (2, 1)
    assert (by_part["d/q"]["named_right"], in_use["all"]["named_right"]) == (0, 2)
    assert by_set["d"]["abstained"] == by_set["all"]["abstained"] == 4


def test_the_calibration_error_is_what_was_stated_against_what_was_right_by_bin() -> None:
    assert calibration_error([(0.8, True), (0.8, True), (0.1, False), (0.1, True)]) == pytest.approx(0.1 + 0.2)
    assert calibration_error([]) == 0.0


def test_a_map_is_never_fitted_on_a_part_that_is_kept_back(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"dataset": "sockshop", "parts": ["carts", "user"]}), encoding="utf-8")
    with pytest.raises(ValueError, match="user is not for tuning"):
        fit([str(file)])


@pytest.mark.parametrize("name", DATASETS)
def test_a_folder_that_is_no_checkout_is_told_by_what_is_missing(name: str, tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=DATASETS[name].repository):
        chosen(DATASETS[name], tmp_path, None)
    said = CliRunner().invoke(app, ["diagnosis", "--dataset", name, "--data", str(tmp_path)])
    assert said.exit_code == 2
    assert str(tmp_path) in said.output.replace("\n", "")


def test_a_part_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "sock-shop-data" / "carts-cpu").mkdir(parents=True)
    with pytest.raises(MissingDataError, match=r"no part shipping.*it has carts"):
        chosen(SockShop(), tmp_path, "shipping")


def test_only_the_tuning_parts_are_run_unless_others_are_named(tmp_path: Path) -> None:
    for part in ("carts", "catalogue", "orders", "user"):
        (tmp_path / "sock-shop-data" / f"{part}-cpu").mkdir(parents=True)
    assert chosen(SockShop(), tmp_path, None) == ("carts", "catalogue", "orders")
    assert chosen(SockShop(), tmp_path, "user,carts") == ("user", "carts")


def sock_shop(folder: Path) -> Path:
    """One case: carts' processor goes from 1 to 60, a gap in a column, and nothing else moves."""
    case = folder / "sock-shop-data" / "carts-cpu" / "1"
    case.mkdir(parents=True)
    for name, cpu in (("normal", 1.0), ("anomalous", 60.0)):
        rows = [f"{1000 + n},{cpu + n % 3 / 10},{5 + n % 2},{2e8 if n else 'nan'}" for n in range(60)]
        text = "\n".join(["time,carts_cpu,user_cpu,carts_mem", *rows])
        (case / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_sock_shop_is_translated_and_a_normal_window_made_of_what_was_normal(tmp_path: Path) -> None:
    fault, normal = SockShop().cases(sock_shop(tmp_path), "carts")
    assert {(m.service, m.name) for m in fault.measured} == {("carts", "cpu"), ("user", "cpu"), ("carts", "memory")}
    assert diagnose(fault)[1].places[0].service == "carts"
    assert (fault.kinds, normal.truth, normal.kinds) == ({"cpu_saturation"}, frozenset(), frozenset())
    assert (diagnose(normal)[1].place_confidence or 0) < 0.5


def test_a_fault_that_is_stated_late_or_early_is_looked_at_from_there(tmp_path: Path) -> None:
    """Ten seconds late, ten seconds of it are missed; ten seconds early, as many of them were normal."""
    data = sock_shop(tmp_path)
    late, early = (
        next(
            m for m in next(SockShop().cases(data, "carts", late_s)).measured if (m.service, m.name) == ("carts", "cpu")
        )
        for late_s in (10.0, -10.0)
    )
    assert len(late.now) == 50
    assert min(late.now) >= 60
    assert [v < 60 for v in early.now] == [True] * 10 + [False] * 60


def test_the_command_writes_the_figures_that_it_shows(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    given = ["diagnosis", "--dataset", "sockshop", "--data", str(sock_shop(tmp_path)), "--only", "carts"]
    said = CliRunner().invoke(app, [*given, "--json", str(out)])
    assert said.exit_code == 0, said.output
    figures = json.loads(out.read_text(encoding="utf-8"))
    assert {"name", "dataset", "data_commit", "parts", "scores", "published", "seconds", "cases"} <= figures.keys()
    assert (figures["scores"]["ac1"], figures["scores"]["specificity"]) == (1.0, 1.0)
    assert figures["leave_one_part_out"]["carts"]["top1"] == 1.0


def test_pet_shop_availability_becomes_a_failing_share_and_the_graph_is_read(tmp_path: Path) -> None:
    part = tmp_path / "dataset" / "low_traffic"
    issue = part / "test" / "issue_0"
    for folder in (part / "noissue", issue):
        folder.mkdir(parents=True)
    (part / "graph.csv").write_text(",Site,Store\nSite,0.0,1.0\nStore,0.0,0.0\n", encoding="utf-8")
    header = "microservice,Site,Store\nmetric,availability,availability\nstatistic,Average,Average\nunix_timestamp,,\n"
    calm = "".join(f"{300.0 * n},100.0,\n" if n % 5 == 0 else f"{300.0 * n},100.0,100.0\n" for n in range(40))
    (part / "noissue" / "metrics.csv").write_text(header + calm, encoding="utf-8")
    rows = "90000.0,100.0,100.0\n90300.0,50.0,40.0\n90600.0,50.0,40.0\n"
    (issue / "metrics.csv").write_text(header + rows, encoding="utf-8")
    target = {
        "target": {"node": "Site", "metric": "availability", "timestamp": 90200},
        "root_cause": {"node": "Store", "metric": None},
    }
    (issue / "target.json").write_text(json.dumps(target), encoding="utf-8")
    fault, *normal = PetShop().cases(tmp_path, "low_traffic")
    store = next(m for m in fault.measured if m.service == "Store")
    assert (store.calm[0], store.now, store.before) == (0.0, [0.6, 0.6], [0.0])
    assert fault.question.graph.get("Site").depends_on == ("Store",)
    assert diagnose(fault)[1].places[0].service == "Store"
    assert all(case.truth == frozenset() for case in normal)


def test_nezha_is_read_by_minutes_and_a_line_that_was_cut_is_a_line_all_the_same(tmp_path: Path) -> None:
    for kind in ("rca_data", "construct_data"):
        for sort in ("trace", "log", "metric"):
            (tmp_path / kind / "2023-01-29" / sort).mkdir(parents=True)
    fault = {"inject_time": "2023-01-29 09:00:00", "inject_pod": "ts-orders-abc-1", "inject_type": "return"}
    day = tmp_path / "rca_data" / "2023-01-29"
    (day / "2023-01-29-fault_list.json").write_text(json.dumps({"09": [fault]}), encoding="utf-8")
    at = int(datetime(2023, 1, 29, 9, 0, 30, tzinfo=UTC).timestamp())
    pod = f"TimeStamp,CpuUsageRate(%)\n{at - 600},1.5\n{at + 60},nan\n"
    (day / "metric" / "ts-orders-abc-1_metric.csv").write_text(pod, encoding="utf-8")
    _nezha_minute(day, at, '"{""log"":""09:00 INFO  o.Orders#7 hel"')
    _nezha_minute(tmp_path / "construct_data" / "2023-01-29", at - 600, "no json")
    known, normal = Nezha().cases(tmp_path, "2023-01-29")
    assert (known.truth, known.group, normal.group) == (frozenset({"ts-orders"}), "return", "normal")
    (visit,) = known.present[0].visits[0]
    assert (visit.place.service, visit.place.operation, len(visit.events)) == ("ts-orders", "GET /", 1)


def _nezha_minute(folder: Path, at: int, line: str) -> None:
    spans = "TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration\n"
    spans += f"t,s,root,ts-orders-abc-1,GET /,{at}000000000,{at}500000000,500000\ncut\n"
    (folder / "trace" / "x_trace.csv").write_text(spans, encoding="utf-8")
    lines = "Timestamp,TimeUnixNano,Node,PodName,Container,TraceID,SpanID,Log\n"
    lines += f"x,{at}100000000,n,ts-orders-abc-1,server,t,s,{line}\n"
    (folder / "log" / "x_log.csv").write_text(lines, encoding="utf-8")


def test_an_opensre_scenario_takes_from_its_base_what_it_lacks(tmp_path: Path) -> None:
    suite = tmp_path / "tests" / "synthetic" / "rds_postgres"
    base, own = suite / "000-healthy", suite / "001-full"
    for folder in (base, own):
        folder.mkdir(parents=True)
    (base / "scenario.yml").write_text("db_instance_identifier: pay\n", encoding="utf-8")
    (own / "scenario.yml").write_text("base: 000-healthy\n", encoding="utf-8")
    (base / "answer.yml").write_text("root_cause_category: healthy\n", encoding="utf-8")
    (own / "answer.yml").write_text("root_cause_category: resource_exhaustion\n", encoding="utf-8")
    times = {"start_time": "2026-01-31T12:00:00Z", "end_time": "2026-01-31T12:20:00Z"}
    metric = {"metric_name": "CPUUtilization", "unit": "Percent", "values": [14.0, 15.0, 14.0, 14.0]}
    for folder, values in ((base, metric["values"]), (own, [14.0, 96.0, 97.0, 96.0])):
        data = {**times, "metric_data_results": [{**metric, "values": values}]}
        (folder / "aws_cloudwatch_metrics.json").write_text(json.dumps(data), encoding="utf-8")
    (base / "aws_rds_events.json").write_text('{"events": []}', encoding="utf-8")
    insights = {"db_load": {"values": [1.0, 1.0]}, "top_wait_events": [{"name": "CPU", "db_load_avg": 1.0}]}
    (base / "aws_performance_insights.json").write_text(json.dumps(insights), encoding="utf-8")
    healthy, full = OpenSre().cases(tmp_path, "rds_postgres")
    assert (healthy.truth, full.truth) == (frozenset(), frozenset({"pay"}))
    assert (diagnose(healthy)[1].place_confidence or 0) < 0.5
    assert diagnose(full)[1].hypotheses[0].category == "cpu_saturation"
