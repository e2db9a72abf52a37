"""What happens in a chaos run is decided by its seed, and spares nobody."""

from collections import Counter
from itertools import cycle, islice, pairwise

from hypothesis import given
from hypothesis import strategies as st

from evals.chaos.script import Kind, Victim, write_script

SEEDS = st.integers(0, 10_000)


@given(SEEDS, st.integers(1, 60))
def test_the_same_seed_writes_the_same_script(seed: int, runs: int) -> None:
    assert write_script(runs, seed) == write_script(runs, seed)


def test_another_seed_writes_another_one() -> None:
    assert write_script(9, 1) != write_script(9, 2)


@given(SEEDS)
def test_each_process_dies_several_times_and_some_twice_in_a_row(seed: int) -> None:
    blows = write_script(30, seed).blows
    times = Counter(victim for blow in blows for victim in blow.victims)
    assert min(times[victim] for victim in Victim) >= 5
    assert any(set(one.victims) & set(other.victims) for one, other in pairwise(blows))
    assert any(len(blow.victims) > 1 for blow in blows)


@given(SEEDS, st.integers(1, 60))
def test_blows_fall_as_the_documentation_says(seed: int, runs: int) -> None:
    """1 to 8 s after the one before, for 0.2 to 5 s; every fourth hits the same again at once, every seventh two."""
    blows = write_script(runs, seed).blows
    for number, blow in enumerate(blows, start=1):
        assert 0.2 <= blow.down_s <= 5.0
        if number % 4 == 0:
            assert blow.victims == blows[number - 2].victims
            assert 0.0 <= blow.after_s <= 1.5
        else:
            assert len(blow.victims) == (2 if number % 7 == 0 else 1)
            assert 1.0 <= blow.after_s <= 8.0


@given(SEEDS, st.integers(5, 60))
def test_every_kind_of_incident_is_there_and_each_has_a_service_of_its_own(seed: int, runs: int) -> None:
    script = write_script(runs, seed)
    assert len(script.cases) == len(script.blows) == runs
    assert [case.kind for case in script.cases] == list(islice(cycle(Kind), runs))
    assert len({case.service for case in script.cases}) == runs
