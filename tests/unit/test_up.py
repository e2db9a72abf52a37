"""What dies is started again: soon at first, then in growing pauses, and never silently."""

import pytest

from rig.servers.process import ServerFailedError
from rig.up.backoff import CALM_S, MOST_S, Backoff
from rig.up.environment import environment, write
from rig.up.supervisor import Supervisor, Watched


def test_pauses_double_up_to_a_minute() -> None:
    state, waits = Backoff(0.0), list[float]()
    for _ in range(9):
        state = state.died(1.0)
        waits.append(state.wait_s)
        state = state.began(1.0)
    assert waits == [1, 2, 4, 8, 16, 32, MOST_S, MOST_S, MOST_S]


def test_what_lived_for_a_while_is_started_again_soon() -> None:
    state = Backoff(0.0, deaths=6).began(100.0)
    assert state.died(100.0 + CALM_S - 1).wait_s == MOST_S
    assert state.died(100.0 + CALM_S).wait_s == 1


class Mortal:
    """A thing that ends when the test says so; `fails` makes its next starts fail."""

    def __init__(self) -> None:
        self.how: str | None = None
        self.starts = 0
        self.fails = 0

    def start(self) -> None:
        self.starts += 1
        if self.fails:
            self.fails -= 1
            raise ServerFailedError("it did not come up\nand a log")
        self.how = None


@pytest.fixture
def mortal() -> Mortal:
    return Mortal()


def test_a_death_is_said_and_followed_by_a_start_after_its_pause(mortal: Mortal) -> None:
    said: list[str] = []
    one = Watched("worker", mortal.start, lambda: mortal.how, Backoff(0.0))
    house = Supervisor([one], said.append)
    house.look(0.0)
    assert said == []
    mortal.how = "exit code 1"
    house.look(10.0)
    house.look(10.5)
    assert (mortal.starts, said) == (0, ["worker has ended (exit code 1); it is started again in 1 s"])
    house.look(11.0)
    assert (mortal.starts, said[1:]) == (1, ["worker runs again"])


def test_a_start_that_fails_is_tried_again_later_and_holds_nothing_else_up(mortal: Mortal) -> None:
    said: list[str] = []
    other = Mortal()
    house = Supervisor(
        [
            Watched("worker", mortal.start, lambda: mortal.how, Backoff(0.0)),
            Watched("starter", other.start, lambda: other.how, Backoff(0.0)),
        ],
        said.append,
    )
    mortal.how, mortal.fails = "killed", 1
    for now in (0.0, 1.0):
        house.look(now)
    assert said[-1] == "worker has ended (it did not come up); it is started again in 2 s"
    other.how = "killed"
    house.look(1.5)
    house.look(2.5)
    assert other.starts == 1
    house.look(3.0)
    assert (mortal.starts, mortal.how) == (2, None)


def test_what_the_caller_wished_for_is_kept_and_where_the_servers_are_is_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("up")
    monkeypatch.setenv("NIGHTSHIFT_PUBLIC_URL", "https://nightshift.example.com")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "elsewhere:7233")
    told = environment("127.0.0.1:1", "default", "http://127.0.0.1:2", "postgresql://x@/n?host=a'b", 3, folder)
    assert "NIGHTSHIFT_PUBLIC_URL" not in told
    assert (told["TEMPORAL_ADDRESS"], told["NIGHTSHIFT_PORT"]) == ("127.0.0.1:1", "3")
    write(folder / "environment", told)
    assert (folder / "environment").stat().st_mode & 0o077 == 0
    assert "export DATABASE_URL='postgresql://x@/n?host=a'\"'\"'b'" in (folder / "environment").read_text()
