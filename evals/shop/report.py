"""What a run has shown: a table on screen, and the same figures as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from evals.shop.scoring import ENOUGH, Result, Score, Verdict, high, middle, score, verdict

STAND_IN = (
    "The language model is a stand-in of the rig that agrees with the ranking. What it cost measures what is sent and "
    "counted (words in pieces of four letters, each sign by itself, of the whole request and the whole answer), at "
    "gpt-4o's list price; not what a real model thinks, nor what its own tokenizer would count."
)


def as_json(results: Sequence[Result], seed: int, seconds: float) -> dict[str, Any]:
    """One object with the figures that the table shows, and every fault."""
    return {
        "name": "shop",
        "seed": seed,
        "seconds": round(seconds, 1),
        "scores": {
            "cause_right": round(score(results).share, 3),
            "named_wrong": sum(verdict(r) is Verdict.WRONG for r in results),
            "investigated_s": middle(results, _took),
            "usd": middle(results, lambda r: r.usd),
        },
        "total": {**asdict(score(results)), "share": round(score(results).share, 3)},
        "kinds": {kind: asdict(score(_of(results, kind))) for kind in _kinds(results)},
        "investigated_s": {"median": middle(results, _took), "p95": high(results, _took)},
        "seen_after_s": {"median": middle(results, _seen), "p95": high(results, _seen)},
        "told_after_s": {"median": middle(results, _told), "p95": high(results, _told)},
        "named_at_the_first_look": sum(r.named is not None and r.looks == 1 for r in results),
        "model": {
            "is": STAND_IN,
            "input_tokens": middle(results, lambda r: r.input_tokens),
            "output_tokens": middle(results, lambda r: r.output_tokens),
            "usd": middle(results, lambda r: r.usd),
            "usd_most": max((r.usd for r in results), default=None),
        },
        "faults": [_row(r) for r in results],
    }


def show(console: Console, results: Sequence[Result]) -> int:
    """The table, and the exit code that it comes to."""
    table = Table(
        "kind", "faults", "service", "cause", "both", "abstained", "missed", "median s", "p95 s", "tokens in/out", "$",
        title="named right, of the faults of the shop",
    )  # fmt: skip
    for kind in _kinds(results):
        table.add_row(kind, *_columns(_of(results, kind)))
    table.add_section()
    table.add_row("all", *_columns(results))
    console.print(table)
    console.print(STAND_IN, markup=False, soft_wrap=True)
    total = score(results)
    said = "more than" if total.enough else "not more than"
    console.print(f"service and cause right in {total.share:.0%}: {said} the {ENOUGH:.0%} that are asked for")
    return 0 if total.enough else 1


def _columns(results: Sequence[Result]) -> list[str]:
    total: Score = score(results)
    tokens = f"{_shown(middle(results, lambda r: r.input_tokens))}/{_shown(middle(results, lambda r: r.output_tokens))}"
    return [
        *(str(n) for n in (total.faults, total.service, total.kind, total.both, total.abstained, total.missed)),
        _shown(middle(results, _took), 1), _shown(high(results, _took), 1),
        tokens, _shown(middle(results, lambda r: r.usd), 4),
    ]  # fmt: skip


def _row(one: Result) -> dict[str, Any]:
    row = asdict(one)
    return {**row, "services": sorted(one.services), "verdict": verdict(one).value}


def _kinds(results: Sequence[Result]) -> list[str]:
    return sorted({r.kind for r in results})


def _of(results: Sequence[Result], kind: str) -> list[Result]:
    return [r for r in results if r.kind == kind]


def _seen(one: Result) -> float | None:
    return one.seen_after_s


def _told(one: Result) -> float | None:
    return one.told_after_s


def _shown(value: float | None, places: int = 0) -> str:
    return "-" if value is None else f"{value:.{places}f}"


def _took(one: Result) -> float | None:
    return one.investigated_s
