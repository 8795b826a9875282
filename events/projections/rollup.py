"""What did the requests of a sealed month add up to? Kept beside its segment, and after it.

    request_kinds, usage_by_hour, usage_of_keys    as `request_records` made them
    usage_latencies    packed latencies by hour and kind, each with how many requests had them
    kind_blocks        in which blocks of the segment a kind is found

So `usage_sums` answers as it did from the live month, bit for bit. The file is the database,
packed by xz; where it is asked, it is unpacked into a cache first. No request stands in it.
"""

import lzma
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from events import codec
from events.audit.canonical import parse
from events.audit.segments import HEIGHT, Segment
from events.envelope import Recorded
from events.projections.request_records import HOUR_US, KIND, SUMS, RequestRecords
from events.projections.usage_sums import UsageQuery, usage_sums

COPIED = ("request_kinds", "usage_by_hour", "usage_of_keys")
TOGETHER = 2000  # lines folded at once
_INDEX = "create index if not exists usage_of_keys_kind on usage_of_keys (kind)"


def write_rollup(live: Path, file: Path) -> dict[str, Any]:
    """Write the sums of a live month's log, and return when the disk has them.

    Returns what the month adds up to, for the fact of its sealing.
    """
    image = file.with_name(f"{file.name}-image")
    image.unlink(missing_ok=True)
    try:
        with closing(_scratch(image)) as connection:
            _copy(connection, live)
            sums = totals(connection)
        pack(image, file)
    finally:
        image.unlink(missing_ok=True)
    return sums


def fold_anew(segment: Segment, image: Path) -> None:
    """Make the sums of a sealed month as this version makes them, unpacked, from its lines."""
    folded = image.with_name(f"{image.name}-folded")
    folded.unlink(missing_ok=True)
    image.unlink(missing_ok=True)
    try:
        with closing(_scratch(folded)) as connection:
            records = RequestRecords()
            connection.execute("begin")
            records.create(Database(connection, execute_plugins=False))
            lines = segment.lines()
            while some := list(islice(lines, TOGETHER)):
                records.apply_all(connection, tuple(recorded(some)))
            connection.execute("commit")
        with closing(_scratch(image)) as connection:
            _copy(connection, folded)
            connection.execute(_INDEX)
    finally:
        folded.unlink(missing_ok=True)


def pack(image: Path, file: Path) -> None:
    """Pack a database, and return when the disk has it."""
    with image.open("rb") as source, file.open("wb") as target:
        with lzma.open(target, "wb", preset=6) as packed:
            shutil.copyfileobj(source, packed, 1 << 20)
        target.flush()
        os.fsync(target.fileno())


def unpack(file: Path, image: Path) -> None:
    """The other way, ready to be asked; of an older version, with what it did not count as 0.

    Raises lzma.LZMAError, EOFError or sqlite3.Error when the file is not whole.
    """
    with lzma.open(file, "rb") as packed, image.open("wb") as target:
        shutil.copyfileobj(packed, target, 1 << 20)
        target.flush()
        os.fsync(target.fileno())
    with closing(sqlite3.connect(image, isolation_level=None)) as connection:
        _lift(connection)
        connection.execute(_INDEX)


def version_of(connection: sqlite3.Connection) -> int:
    """Which version of `request_records` made these sums."""
    found = connection.execute("select version from rollup").fetchone()
    return int(found[0])


def totals(connection: sqlite3.Connection) -> dict[str, Any]:
    """What everything adds up to, in the units that people read."""
    found = usage_sums(connection, UsageQuery())
    return dict(found[0].sums) if found else dict.fromkeys(SUMS, 0)


def recorded(lines: Iterable[bytes]) -> Iterator[Recorded]:
    """Canonical lines as the log would give them; their leaf hashes are left out."""
    for line in map(parse, lines):
        data = bytes(line.data)
        yield Recorded(
            position=line.position,
            id=line.id,
            stream=line.stream,
            version=line.version,
            type=line.type,
            schema=line.schema,
            recorded_at=line.recorded_at,
            actor=line.actor,
            correlation_id=line.correlation_id,
            causation_id=line.causation_id,
            event=codec.decode(line.type, line.schema, data),
            data=data,
            leaf=b"",
        )


def _scratch(path: Path) -> sqlite3.Connection:
    """A database that is thrown away when anything goes wrong."""
    connection = sqlite3.connect(path.resolve().as_uri(), uri=True, isolation_level=None)
    connection.execute("pragma journal_mode = off")
    connection.execute("pragma synchronous = off")
    return connection


def _copy(connection: sqlite3.Connection, live: Path) -> None:
    connection.execute("attach ? as live", (f"{live.resolve().as_uri()}?mode=ro",))
    connection.execute("begin")
    for table in COPIED:
        (statement,) = connection.execute(
            "select sql from live.sqlite_master where name = ?", (table,)
        ).fetchone()
        connection.execute(statement)
        connection.execute(f"insert into main.{table} select * from live.{table}")
    connection.execute(
        "create table usage_latencies (hour integer not null, kind integer not null,"
        " latencies integer not null, requests integer not null,"
        " primary key (hour, kind, latencies)) strict, without rowid"
    )
    connection.execute(
        f"insert into usage_latencies select at / {HOUR_US}, kind, latencies, count(*)"
        " from live.request_index group by 1, 2, 3"
    )
    connection.execute(
        "create table kind_blocks (kind integer not null, block integer not null,"
        " primary key (kind, block)) strict, without rowid"
    )
    connection.execute(
        "insert into kind_blocks"
        f" select distinct kind, (position - 1) >> {HEIGHT} from live.request_index"
    )
    connection.execute("create table rollup (version integer not null) strict")
    connection.execute("insert into rollup values (?)", (RequestRecords.version,))
    connection.execute("commit")
    connection.execute("detach live")


def _lift(connection: sqlite3.Connection) -> None:
    """Columns that were not there when the month was sealed; what is not known is 0 or empty."""
    kinds = dict.fromkeys(KIND, "text not null default ''")
    sums = {name: f"{kind} not null default 0" for name, kind in SUMS.items()}
    for table, columns in (
        ("request_kinds", kinds), ("usage_by_hour", sums), ("usage_of_keys", sums)
    ):  # fmt: skip
        there = {row[1] for row in connection.execute(f"pragma table_info({table})")}
        for name, kind in columns.items():
            if name not in there:
                connection.execute(f"alter table {table} add column {name} {kind}")
