"""The tables of the log, and the triggers that make it append-only.

Migrations are only added. The log's own tables are these; read models make their own
(`projections/projector.py`).

`events_no_replace` closes a hole: INSERT OR REPLACE that meets the unique (stream, version)
deletes the old row without firing a delete trigger, unless recursive triggers are on.
"""

import sqlite3

from sqlite_utils import Database, Migrations

from events.audit.merkle import Frontier

APPLICATION_ID = 0x764C_5354  # "vLST", for `file` and the curious

migrations = Migrations("events")


def migrate(database: Database) -> None:
    """Bring the file to today's tables; each step in a transaction of its own."""
    migrations.apply(database)


def unknown_steps(connection: sqlite3.Connection) -> list[str]:
    """What a newer version did to the file's own tables, by name."""
    done = connection.execute(
        "select name from _sqlite_migrations where migration_set = ?", (migrations.name,)
    )
    return sorted({name for (name,) in done} - KNOWN_STEPS)


@migrations()
def m001_events(db: Database) -> None:
    """The log itself."""
    db.execute(f"pragma application_id = {APPLICATION_ID}")
    db.execute(
        """
        create table events (
          position       integer primary key,
          id             text    not null,
          stream         text    not null,
          version        integer not null,
          type           text    not null,
          schema         integer not null,
          recorded_at    integer not null,
          actor          text    not null,
          correlation_id text,
          causation_id   text,
          data           text    not null,
          leaf           blob    not null check (length(leaf) = 32),
          unique (stream, version)
        ) strict
        """
    )


@migrations()
def m002_append_only(db: Database) -> None:
    """No change, no removal, no gap, no replacement."""
    db.execute(
        """
        create trigger events_no_update before update on events
        begin select raise(abort, 'events are never changed'); end
        """
    )
    db.execute(
        """
        create trigger events_no_delete before delete on events
        begin select raise(abort, 'events are never removed'); end
        """
    )
    db.execute(
        """
        create trigger events_no_replace before insert on events
        when exists (select 1 from events where stream = new.stream and version = new.version)
        begin select raise(abort, 'events are never replaced'); end
        """
    )
    db.execute(
        """
        create trigger events_in_order before insert on events
        when new.position <> (select coalesce(max(position), 0) + 1 from events)
          or new.version <> (select coalesce(max(version), 0) + 1
                             from events where stream = new.stream)
        begin select raise(abort, 'events are only appended, without a gap'); end
        """
    )


@migrations()
def m003_frontier(db: Database) -> None:
    """The growing edge of the Merkle tree over `leaf`, one row."""
    db.execute(
        """
        create table log_frontier (
          one   integer primary key check (one = 1),
          size  integer not null,
          peaks blob    not null
        ) strict
        """
    )
    db.execute("insert into log_frontier (one, size, peaks) values (1, 0, x'')")


@migrations()
def m004_projections(db: Database) -> None:
    """How far each read model has got; `problem` says why one stopped."""
    db.table("log_projections").create(
        {
            "name": str,
            "version": int,
            "position": int,
            "tables": str,
            "problem": str,
        },
        pk="name",
        not_null={"version", "position", "tables"},
        strict=True,
    )


@migrations()
def m005_tiles(db: Database) -> None:
    """The roots of whole tiles of the tree; a log from before gets them from its leaves."""
    db.execute(
        """
        create table log_tiles (
          level  integer not null,
          number integer not null,
          root   blob    not null check (length(root) = 32),
          primary key (level, number)
        ) strict, without rowid
        """
    )
    for change in ("update", "delete"):
        db.execute(
            f"""
            create trigger log_tiles_no_{change} before {change} on log_tiles
            begin select raise(abort, 'tiles are never changed'); end
            """
        )
    frontier = Frontier()
    for (leaf,) in db.execute("select leaf from events order by position"):
        frontier.push(leaf)
    db.conn.executemany("insert into log_tiles values (?, ?, ?)", frontier.closed)


@migrations()
def m006_threads(db: Database) -> None:
    """What led to an event and what came of it, found without reading the whole log.

    Costs nothing where nothing is related, as with requests.
    """
    for column in ("correlation_id", "causation_id"):
        db.execute(f"create index events_{column} on events ({column}) where {column} is not null")


KNOWN_STEPS = frozenset(step.name for step in migrations.pending(Database(memory=True)))
