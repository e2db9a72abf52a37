"""Made-up but not tame: five series of one service, with a day, a week, bursts, deployments, and faults."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.series import Floats
from config.services import load_services

STEP_S, DAY_S, WEEK_S = 15.0, 86_400.0, 604_800.0
Kind = Literal["errors", "slow", "traffic", "leak", "down"]
KINDS: tuple[Kind, ...] = ("errors", "slow", "traffic", "leak", "down")
EXPRESSIONS = load_services(None).expressions
"""Those that a service has which names none: of each there is a series."""
# Of a rate over one minute: so many seconds are in each sample.
_WINDOW_S = 60.0
_REST_S = 10_800.0
_LASTS_S: Mapping[Kind, float] = {"errors": 900.0, "slow": 900.0, "traffic": 900.0, "leak": 3_600.0, "down": 300.0}


@dataclass(frozen=True)
class Fault:
    """From unix time `start` to `end`."""

    kind: Kind
    start: float
    end: float


@dataclass(frozen=True)
class Made:
    """Samples of each expression by its name, each 15 s, and the faults in them."""

    times: Floats
    values: Mapping[str, Floats]
    faults: Sequence[Fault]


def make(seed: int, days: int, fault_days: int, *, faults: bool) -> Made:
    """So many days that end at a fixed time; faults, if any, only in the last `fault_days` of them."""
    rng = np.random.default_rng(seed)
    times = np.arange(days * DAY_S / STEP_S) * STEP_S + 1_799_971_200.0 - days * DAY_S
    found = _faults(rng, times[-1] - fault_days * DAY_S, times[-1]) if faults else []
    load = _load(rng, times)
    values = {
        "error ratio": _errors(rng, load), "latency p95": _latency(rng, load), "request rate": load,
        "resident memory": _memory(rng, times), "up": np.ones(times.size),
    }  # fmt: skip
    for fault in found:
        _break(values, fault, times)
    return Made(times, values, found)


def _load(rng: np.random.Generator, times: Floats) -> Floats:
    """Requests per second: a day, quieter weekends, a slow sway of 5 %, and the chance of arrivals."""
    day = 1 + 0.35 * np.cos((times / DAY_S - 14 / 24) * 2 * np.pi)
    weekend = np.where((times // DAY_S + 3) % 7 >= 5, 0.75, 1.0)  # noqa: PLR2004 - Saturday; day 0 was a Thursday
    sway = np.exp(0.05 * _slow(rng, times.size, 240))
    return rng.poisson(40 * day * weekend * sway * _WINDOW_S) / _WINDOW_S


def _errors(rng: np.random.Generator, load: Floats) -> Floats:
    """One in 2,000 requests fails; twice a day a client sends nonsense for a minute or two."""
    share = np.full(load.size, 0.0005)
    for at in rng.integers(0, load.size, load.size // 2_880):
        share[at : at + rng.integers(4, 9)] += rng.uniform(0.002, 0.012)
    return rng.poisson(load * _WINDOW_S * share) / (load * _WINDOW_S)


def _latency(rng: np.random.Generator, load: Floats) -> Floats:
    """Log-normal, longer under load, with pauses of a minute four times a day."""
    pauses = np.ones(load.size)
    for at in rng.integers(0, load.size, load.size // 1_440):
        pauses[at : at + rng.integers(2, 6)] *= rng.uniform(1.3, 2.5)
    return 0.06 * (0.7 + 0.3 * load / load.mean()) * np.exp(0.08 * rng.standard_normal(load.size)) * pauses


def _memory(rng: np.random.Generator, times: Floats) -> Floats:
    """A tenth more within two days, then a deployment; and some garbage."""
    age = (times % (2 * DAY_S)) / (2 * DAY_S)
    return 4e8 * (1 + 0.1 * age + 0.01 * rng.standard_normal(times.size) + 0.01 * _slow(rng, times.size, 60))


def _slow(rng: np.random.Generator, size: int, steps: int) -> Floats:
    """Noise of variance 1 that changes over so many steps."""
    window: Floats = np.full(steps, 1 / math.sqrt(steps))
    return np.convolve(rng.standard_normal(size + steps - 1), window, mode="valid")


def _faults(rng: np.random.Generator, start: float, end: float) -> list[Fault]:
    """At random times, in rounds of all kinds, each shuffled: of no kind there are two more than of another, so what is
    found of all of them does not hang on which kinds a week happens to have. The last round may be cut off.
    """
    found: list[Fault] = []
    left: list[Kind] = []
    at = start + rng.uniform(0, _REST_S)
    while at < end - _REST_S:
        left = left or [KINDS[place] for place in rng.permutation(len(KINDS))]
        kind = left.pop()
        found.append(Fault(kind, float(at), float(at + _LASTS_S[kind])))
        at += _LASTS_S[kind] + _REST_S + rng.exponential(_REST_S)
    return found


def _break(values: Mapping[str, Floats], fault: Fault, times: Floats) -> None:
    inside = (times >= fault.start) & (times < fault.end)
    # A rate over a minute sees all of a fault only after a minute.
    seen = np.clip((times[inside] - fault.start) / _WINDOW_S, 0, 1)
    if fault.kind == "errors":
        values["error ratio"][inside] += 0.08 * seen
    elif fault.kind == "slow":
        values["latency p95"][inside] *= 1 + 1.5 * seen
    elif fault.kind == "traffic":
        values["request rate"][inside] *= 1 - 0.6 * seen
    elif fault.kind == "leak":
        values["resident memory"][inside] *= 1 + 0.6 * (times[inside] - fault.start) / (fault.end - fault.start)
    else:
        values["up"][inside] = 0
