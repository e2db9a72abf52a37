"""What a run has shown: a table on screen, and the same figures as JSON."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from evals.chaos.evidence import Evidence, Incident
from evals.chaos.judge import Problem, Sort, count
from evals.chaos.lateness import lateness, percentile
from evals.chaos.script import Script, Victim

_SHOWN_PROBLEMS = 40


def scores(evidence: Evidence, problems: Sequence[Problem]) -> dict[str, float]:
    """The figures of a run. Lateness in seconds, beyond the time in which a process that timers need was away."""
    late = lateness(evidence.incidents, evidence.downs)
    return {
        "incidents": len(evidence.incidents),
        "lost": count(problems, Sort.LOST),
        "escalations_lost": count(problems, Sort.ESCALATION_LOST),
        "doubled": count(problems, Sort.DOUBLED),
        "locks_left": count(problems, Sort.LOCK_LEFT),
        "lateness_p50_s": round(percentile(late, 0.5), 3),
        "lateness_p99_s": round(percentile(late, 0.99), 3),
    }


def as_json(
    script: Script, seed: int, evidence: Evidence, problems: Sequence[Problem], seconds: float
) -> dict[str, Any]:
    """One object; `parts` counts the kills, `cases` has a row for each incident."""
    return {
        "name": "chaos",
        "dataset": f"{len(script.cases)} mixed incidents and {len(script.blows)} blows, seed {seed}",
        "data_commit": None,
        "parts": kills(evidence),
        "scores": scores(evidence, problems),
        "published": {},
        "seconds": round(seconds, 1),
        "cases": [_case(incident) for incident in evidence.incidents],
        "problems": [f"{p.sort}: {p.who}: {p.said}" for p in problems],
    }


def kills(evidence: Evidence) -> dict[str, int]:
    """How often each process was killed."""
    times = Counter(down.victim for down in evidence.downs)
    return {victim.value: times[victim] for victim in Victim}


def show(console: Console, script: Script, evidence: Evidence, problems: Sequence[Problem]) -> None:
    """The table, and every problem in a sentence."""
    _show_ends(console, script, evidence)
    table = Table("figure", "value", title="what was seen from outside")
    killed = ", ".join(f"{name} {times}" for name, times in kills(evidence).items())
    table.add_row("killed", killed)
    table.add_row("mails accepted", str(len(evidence.letters)))
    table.add_row("sessions ended", str(sum(len(p.codes) for p in evidence.patients)))
    table.add_row("timers that fired", str(sum(t.fired for i in evidence.incidents for t in i.timers)))
    for name, value in scores(evidence, problems).items():
        table.add_row(name, f"{value:g}")
    console.print(table)
    for problem in problems[:_SHOWN_PROBLEMS]:
        console.print(f"{problem.sort}: {problem.who}: {problem.said}", markup=False, soft_wrap=True)


def verdict(console: Console, problems: Sequence[Problem]) -> int:
    """Said in a sentence; the exit code: 0 only without any problem."""
    if problems:
        console.print(f"{len(problems)} problems: something was lost, doubled or left behind")
        return 1
    console.print("nothing was lost, nothing was done twice, nothing is held")
    return 0


def _show_ends(console: Console, script: Script, evidence: Evidence) -> None:
    """How the incidents of each kind ended: what a blow cost beyond time is seen here."""
    kinds = {f"incident-{case.service}": case.kind.value for case in script.cases}
    ends = Counter((kinds.get(i.view.key, "a caller in the storm"), _end(i)) for i in evidence.incidents)
    table = Table("incidents", "what was wrong", "how it ended", title="incidents")
    for (kind, end), times in sorted(ends.items()):
        table.add_row(str(times), kind, end)
    console.print(table)


def _end(incident: Incident) -> str:
    return incident.view.outcome.value if incident.view.outcome else incident.view.state.value


def _case(incident: Incident) -> Mapping[str, Any]:
    view = incident.view
    return {
        "incident": view.incident, "key": view.key, "end": _end(incident), "escalated": view.escalated,
        "told": len(view.clock.told), "attempts": len(view.attempts), "timers": len(incident.timers),
    }  # fmt: skip
