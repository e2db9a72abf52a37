"""The offline embedding puts like texts near each other, and says the same in every process."""

import json
import math
import subprocess
import sys

import pytest

from integrations.embeddings import DIMENSIONS, HashingEmbedder, normalise

POOL = "orders HighErrorRatio: orders fails 31 % of requests\norders error_template: too many connections for orders"
POOL_ELSEWHERE = "payments ErrorRatio: payments fails 9 % of requests\npayments error_template: too many connections"
MEMORY = "search Restarting: search restarts\nsearch oom: container was killed, it had no memory left"
_PROGRAM = """
import json, sys
from integrations.embeddings import HashingEmbedder
print(json.dumps(HashingEmbedder().embed(sys.argv[1:])))
"""


def _likeness(one: str, other: str) -> float:
    first, second = HashingEmbedder().embed([one, other])
    return sum(a * b for a, b in zip(first, second, strict=True))


def test_vectors_have_the_promised_length_and_norm() -> None:
    (vector,) = HashingEmbedder().embed([POOL])
    assert len(vector) == DIMENSIONS == HashingEmbedder.dimensions
    assert math.hypot(*vector) == pytest.approx(1)


def test_the_same_kind_of_trouble_elsewhere_is_nearer_than_other_trouble() -> None:
    assert _likeness(POOL, POOL_ELSEWHERE) > 0.3
    assert abs(_likeness(POOL, MEMORY)) < 0.15


def test_other_numbers_and_ids_are_no_difference() -> None:
    assert _likeness("pid 4711 of trace 9f3a12c7de waits 31.5 s", "pid 12 of trace 0123456789ab waits 4 s") == (
        pytest.approx(1)
    )


def test_names_with_digits_stay_and_names_come_apart() -> None:
    assert normalise("p95 of HTTP5xx: SQLSTATE 57P01, connectionPool_full=42") == (
        "p95 of http5xx sqlstate 57p01 connection pool full"
    )


def test_a_misspelt_word_is_still_near() -> None:
    assert _likeness("connection refused", "conection refused") > 0.4 > _likeness("connection refused", "disk is full")


def test_a_line_repeated_a_thousand_times_is_not_the_whole_text() -> None:
    """Undampened, the other words would be a thousandth of it."""
    assert _likeness(POOL + "\nheartbeat ok" * 1000, POOL) > 0.25


def test_a_text_without_words_is_zero() -> None:
    assert HashingEmbedder().embed(["", " 42 "]) == [[0.0] * DIMENSIONS] * 2


@pytest.mark.parametrize("seed", ["0", "1"])
def test_another_process_gives_the_same_vector(seed: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", _PROGRAM, POOL],
        capture_output=True,
        check=True,
        timeout=60,
        env={"PYTHONHASHSEED": seed},
    )
    assert json.loads(answer.stdout) == HashingEmbedder().embed([POOL])


def test_a_known_text_gives_the_vector_it_always_gave() -> None:
    """Stored vectors are compared with new ones for years: a change needs a new name."""
    (vector,) = HashingEmbedder().embed(["too many connections"])
    assert HashingEmbedder.name == "hashing-384"
    assert {place: round(vector[place], 4) for place in (4, 193, 334)} == {4: 0.4464, 193: 0.3936, 334: 0.4464}
