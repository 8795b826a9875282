"""Many rows in few statements."""

import sqlite3

import pytest

from events.together import SIZES, Rows


@pytest.mark.parametrize("count", [0, 1, 3, 4, 15, 49, 50, 51, 69, 70, 71, 123, 512])
def test_every_row_is_put_once_and_in_order(count: int) -> None:
    """Whatever their number, in no more statements than it takes."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("create table t (n integer primary key, word text)")
    said: list[str] = []
    connection.set_trace_callback(said.append)
    rows = [(n, f"word {n}") for n in range(count)]
    Rows("insert into t (n, word)", 2).put(connection, iter(rows))
    connection.set_trace_callback(None)
    assert connection.execute("select n, word from t order by rowid").fetchall() == rows
    fewest, left = 0, count
    for size in SIZES:
        fewest, left = fewest + left // size, left % size
    assert len(said) == fewest <= count // 50 + 9
    connection.close()


def test_the_statement_for_one_row_is_told() -> None:
    """For who has one at a time."""
    assert Rows("insert into t", 3).one == "insert into t values (?, ?, ?)"
