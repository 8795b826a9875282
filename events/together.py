"""Many rows in few statements: each one is a hand-over between threads.

While SQLite works it lets go of the interpreter, and takes it back from whoever serves requests
meanwhile: some system calls, for a single row as for fifty.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain

SIZES = (50, 16, 4, 1)  # rows in one statement; more than fifty gain nothing


class Rows:
    """How rows of one shape get into a table."""

    def __init__(self, insert: str, columns: int) -> None:
        """`insert`: the statement up to its values, such as `insert into t`."""
        row = f"({', '.join('?' * columns)})"
        self._statements = [(n, f"{insert} values {', '.join([row] * n)}") for n in SIZES]
        self.one = self._statements[-1][1]  # the statement for a single row

    def put(self, connection: sqlite3.Connection, rows: Iterable[Sequence[object]]) -> None:
        """All of them, in this order."""
        left = list(rows)
        for size, statement in self._statements:
            while len(left) >= size:
                connection.execute(statement, tuple(chain.from_iterable(left[:size])))
                del left[:size]
