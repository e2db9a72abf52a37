"""Windows and what they muted: the real store and its stand-in keep the same contract."""

import psycopg
import pytest

from domain.doors import Door
from domain.holding import Became, Held, MutedRow, Tally, row_of
from domain.maintenance import Kind, Window, WindowWord, WordKind, muted
from integrations.ports import MaintenanceStore, PortError
from integrations.store.maintenance import PostgresMaintenance
from integrations.store.pool import Pool
from tests.fakes import FakeMaintenance
from tests.incidents import minutes
from tests.unit.domain.test_maintenance import NOW, alert, window


@pytest.fixture(params=["postgres", "fake"])
def store(request: pytest.FixtureRequest) -> MaintenanceStore:
    return FakeMaintenance() if request.param == "fake" else PostgresMaintenance(request.getfixturevalue("store_pool"))


def _word(kind: WordKind, at: int, who: str = "ana") -> WindowWord:
    return WindowWord(kind=kind, window=window(why="a \x00 move"), at=NOW + minutes(at), who=who, door=Door.CLI)


def _row(became: Became, at: int, fingerprint: str = "f1", by: Window | None = None) -> MutedRow:
    """Of a window that ends ten minutes after NOW, or of another one."""
    seen = alert(fingerprint=fingerprint)
    muting = muted(seen, [by or window()], NOW)
    assert muting is not None
    return row_of(Held(anomaly=seen, by=muting, since=NOW), "muted-orders", became, NOW + minutes(at))


def test_words_are_kept_until_their_window_is_over_and_the_first_of_a_kind_stays(store: MaintenanceStore) -> None:
    store.say(_word(WordKind.ENDED, 3))
    store.say(_word(WordKind.DECLARED, 1))
    store.say(_word(WordKind.ENDED, 4, "mia"))
    assert [(word.kind, word.who) for word in store.words(NOW)] == [(WordKind.DECLARED, "ana"), (WordKind.ENDED, "ana")]
    assert store.words(NOW + minutes(10)) == []


def test_a_row_follows_what_becomes_of_it_and_an_older_state_never_comes_back(store: MaintenanceStore) -> None:
    store.record([_row(Became.OPENED, 5, "f2"), _row(Became.HELD, 1), _row(Became.RESOLVED, 9, "f3")])
    store.record([_row(Became.HELD, 1, "f2")])
    store.record([])
    assert [(row.series, row.became) for row in store.muted(2)] == [
        ("prometheus:f1", Became.HELD), ("prometheus:f3", Became.RESOLVED),
    ]  # fmt: skip
    assert store.tallies() == {"MW-1": Tally(held=1, in_all=3)}


def test_of_each_window_and_of_whatever_holds_something_there_is_one_record_however_many_are_newer(
    store: MaintenanceStore,
) -> None:
    silence, over = window(id="s-1", kind=Kind.SILENCE), window(id="s-2", kind=Kind.SILENCE)
    store.record([_row(Became.HELD, 1, by=silence), _row(Became.RESOLVED, 9, by=over)])
    store.record([_row(Became.HELD, 2), _row(Became.OPENED, 8, "f2")])
    store.record([_row(Became.RESOLVED, 7, f"f{n}", window(id="MW-2")) for n in range(300)])
    found = {row.window: (row.series, row.became) for row in store.newest(["MW-1", "MW-2"])}
    assert found.pop("MW-2")[1] is Became.RESOLVED
    assert found == {"MW-1": ("prometheus:f1", Became.HELD), "s-1": ("prometheus:f1", Became.HELD)}
    assert [row.window for row in store.newest([])] == ["MW-1", "s-1"]


def test_what_is_long_over_is_forgotten_and_what_is_held_never_before_its_end(store: MaintenanceStore) -> None:
    lasting = window(id="s-1", kind=Kind.SILENCE, ends=NOW + minutes(60))
    store.record([_row(Became.OPENED, 1, "f1"), _row(Became.RESOLVED, 20, "f2"), _row(Became.HELD, 1, "f3")])
    store.record([_row(Became.HELD, 1, by=lasting)])
    store.forget(NOW + minutes(20))
    assert {(row.window, row.series) for row in store.muted(9)} == {
        ("MW-1", "prometheus:f2"), ("s-1", "prometheus:f1"),
    }  # fmt: skip


def test_a_window_with_a_word_that_cannot_be_read_is_left_out_and_said_and_the_others_count(
    store_pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    store = PostgresMaintenance(store_pool)
    for one in (window(), window(id="MW-2")):
        store.say(WindowWord(kind=WordKind.DECLARED, window=one, at=NOW, who="ana", door=Door.CLI))
    with store_pool.transaction() as connection:
        connection.execute(
            "INSERT INTO nightshift.maintenance_words (window_id, kind, ends, at, who, door, document)"
            " SELECT window_id, 'ended', ends, at, who, door, '{}' FROM nightshift.maintenance_words"
            " WHERE window_id = 'MW-2'"
        )
    assert [word.window.id for word in store.words(NOW)] == ["MW-1"]
    assert "a WindowWord of the window MW-2 cannot be read" in caplog.text


def test_the_history_of_windows_cannot_be_rewritten(store_pool: Pool) -> None:
    PostgresMaintenance(store_pool).say(_word(WordKind.DECLARED, 1))
    for change in ("UPDATE nightshift.maintenance_words SET who = 'x'", "DELETE FROM nightshift.maintenance_words"):
        with pytest.raises((PortError, psycopg.Error), match="append-only"), store_pool.transaction() as connection:
            connection.execute(change)
