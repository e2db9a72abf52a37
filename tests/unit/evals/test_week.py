"""The made-up week: faults are where they are said to be, apart from each other, and in the series of their kind; what
is told is counted by fault and by incident.
"""

import itertools
from collections import Counter
from datetime import UTC, datetime

import numpy as np

from domain.anomaly import AlertStatus, Anomaly
from evals.detection.week.command import scores
from evals.detection.week.history import DAY_S, KINDS, Fault, make
from evals.detection.week.report import Week, incidents, row

SERIES = {
    "errors": "error ratio",
    "slow": "latency p95",
    "traffic": "request rate",
    "leak": "resident memory",
    "down": "up",
}


def test_faults_lie_in_the_last_days_apart_from_each_other_and_break_what_they_say() -> None:
    made = make(3, 9, 7, faults=True)
    numbers = Counter(fault.kind for fault in made.faults)
    assert numbers.keys() == set(KINDS)
    assert max(numbers.values()) - min(numbers.values()) <= 1, "what is found of all hangs on which kinds there are"
    assert made.faults[0].start > made.times[-1] - 7 * DAY_S
    assert all(after.start - before.end >= 3 * 3_600 for before, after in itertools.pairwise(made.faults))
    for fault in made.faults:
        values, half = made.values[SERIES[fault.kind]], (fault.start + fault.end) / 2
        inside = values[(made.times >= half) & (made.times < fault.end)].mean()
        before = values[(made.times >= fault.start - 3_600) & (made.times < fault.start)].mean()
        worse = before - inside if fault.kind in {"traffic", "down"} else inside - before
        assert worse > 0.2 * before
    assert not make(3, 2, 1, faults=False).faults
    assert np.isfinite(made.values["latency p95"]).all()


def told(at: float, series: str, sigma: float | None = 5.0, *, over: bool = False) -> tuple[float, Anomaly]:
    when = datetime.fromtimestamp(at, UTC)
    status = AlertStatus.RESOLVED if over else AlertStatus.FIRING
    return at, Anomaly(
        source="nightshift", fingerprint=series, name=series, service="orders", status=status, title=series,
        starts_at=when, seen_at=when, sigma=sigma,
    )  # fmt: skip


def test_an_incident_takes_in_all_that_is_told_until_15_minutes_after_its_end() -> None:
    stream = [
        told(0, "latency"), told(30, "errors"), told(60, "latency", over=True),
        told(5_000, "memory"),  # errors go on: it is the same incident
        told(5_100, "errors", over=True), told(5_100, "memory", over=True),
        told(6_000, "latency"), told(6_100, "latency", over=True),
        told(7_001, "latency", 11.0),
    ]  # fmt: skip
    found = incidents(stream)
    assert [(one.at, len(one.anomalies), one.severity) for one in found] == [(0, 4, "MEDIUM"), (7_001, 1, "CRITICAL")]


def test_the_report_counts_each_fault_once_and_each_incident_that_began_without_one() -> None:
    faults = (Fault("errors", 1_000, 1_900), Fault("slow", 20_000, 20_900), Fault("errors", 40_000, 40_900))
    stream = [
        told(1_030, "errors"), told(1_045, "latency"), told(2_000, "errors", over=True),
        told(2_000, "latency", over=True),
        told(21_000, "latency"), told(21_060, "latency", over=True),  # of the fault, if after it: not found, not false
        told(30_000, "memory", 7.0), told(30_060, "latency"),  # two for nothing, in one incident
        told(30_900, "memory", over=True), told(30_900, "latency", over=True),
        told(40_090, "errors"),
    ]  # fmt: skip
    counted = row("both", [Week(faults, 1, stream), Week((), 1, ())])
    assert {name: counted[name] for name in ("faults", "found", "delay_s", "p95_s")} == {
        "faults": 3, "found": 2, "delay_s": 60.0, "p95_s": 90.0,
    }  # fmt: skip
    assert (counted["incidents"], counted["false_incidents"], counted["false_share"]) == (4, 1, 0.25)
    assert (counted["false_anomalies"], counted["false_incidents_a_day"], counted["most_in_a_week"]) == (2, 0.5, 4)
    assert counted["false_severities"] == {"HIGH": 1}
    assert counted["kinds"]["errors"] == {"faults": 2, "found": 2, "delay_s": 60.0, "p95_s": 90.0}
    assert counted["kinds"]["slow"] == {"faults": 1, "found": 0, "delay_s": None, "p95_s": None}
    assert "leak" not in counted["kinds"]


def test_a_healthy_week_without_anything_told_has_no_share_of_false_ones() -> None:
    counted = row("both", [Week((), 7, ())])
    assert (counted["incidents"], counted["false_share"], counted["delay_s"]) == (0, None, None)


def test_the_scores_of_a_run_are_what_both_judges_saw() -> None:
    broken = {"found": 3, "faults": 4, "delay_s": 40.0, "p95_s": 90.0, "false_share": 0.25}
    healthy = {"most_in_a_week": 2, "severities": {"HIGH": 1, "CRITICAL": 1}}
    assert scores(broken, healthy) == {
        "recall": 0.75, "median_delay_s": 40.0, "p95_delay_s": 90.0, "false_share": 0.25,
        "healthy_incidents_most_in_a_week": 2, "healthy_critical": 1,
    }  # fmt: skip
