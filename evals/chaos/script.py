"""What will happen in a run, decided before it begins: which incidents open when, and which blow falls when. Pure."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

OPEN_EVERY_S = (6.0, 11.0)
_QUIET_S = (1.0, 8.0)
_AT_ONCE_S = (0.0, 1.5)
_DOWN_S = (0.2, 5.0)
# Every so many blows the same process is hit again before it has settled; every so many two die together.
_AGAIN_EVERY, _TOGETHER_EVERY = 4, 7


class Kind(StrEnum):
    """What is wrong in an incident, and what people do about it."""

    FIXED = "fixed by the machine"
    APPROVED = "asks, and a person approves"
    UNANSWERED = "asks, and nobody answers"
    PASSING = "passes by itself"
    JOINED = "a storm that joins and merges"


class Victim(StrEnum):
    """A process of ours that may die at any time."""

    WORKER = "worker"
    STARTER = "starter"
    SERVER = "temporal server"


@dataclass(frozen=True)
class Case:
    """One incident to be opened `at_s` seconds after the beginning, at a service of its own."""

    number: int
    kind: Kind
    at_s: float

    @property
    def service(self) -> str:
        return f"shop-{self.number:03d}"

    @property
    def caller(self) -> str:
        """The service that calls it, and is in trouble with it."""
        return f"front-{self.number:03d}"


@dataclass(frozen=True)
class Blow:
    """SIGKILL to the victims, `after_s` seconds after the one before was over; they come back after `down_s`."""

    victims: tuple[Victim, ...]
    after_s: float
    down_s: float


@dataclass(frozen=True)
class Script:
    """A whole run."""

    cases: tuple[Case, ...]
    blows: tuple[Blow, ...]


def write_script(runs: int, seed: int) -> Script:
    """`runs` incidents, their kinds in turn, and `runs` blows. The same seed gives the same script."""
    chance = random.Random(seed)  # noqa: S311 - chance, not secrets
    return Script(cases=tuple(_cases(runs, chance)), blows=tuple(_blows(runs, chance)))


def _cases(runs: int, chance: random.Random) -> Iterator[Case]:
    at = 0.0
    kinds = list(Kind)
    for number in range(1, runs + 1):
        yield Case(number, kinds[(number - 1) % len(kinds)], round(at, 2))
        at += chance.uniform(*OPEN_EVERY_S)


def _blows(runs: int, chance: random.Random) -> Iterator[Blow]:
    """Each process as often as the others, in an order that nobody can guess."""
    order = [list(Victim)[number % len(Victim)] for number in range(runs)]
    chance.shuffle(order)
    last: tuple[Victim, ...] = ()
    for number, victim in enumerate(order, start=1):
        again = bool(last) and number % _AGAIN_EVERY == 0
        victims = last if again else _together(victim, number, chance)
        after = chance.uniform(*(_AT_ONCE_S if again else _QUIET_S))
        yield Blow(victims, round(after, 2), round(chance.uniform(*_DOWN_S), 2))
        last = victims


def _together(victim: Victim, number: int, chance: random.Random) -> tuple[Victim, ...]:
    if number % _TOGETHER_EVERY:
        return (victim,)
    return (victim, chance.choice([other for other in Victim if other is not victim]))
