"""Ways to change a log unseen: what somebody with the files can do, with and without the key.

Each takes a copy of a home and does its worst, and says in words what it did. `access` is what its
attacker has got hold of, which decides what a verification can find.
"""

import os
import re
import shutil
import sqlite3
from pathlib import Path

from core.auditing.notes import notes_in
from events.audit.checkpoint import signer_for
from tests.benchmarks.rewriting import (
    OTHER_SEED,
    refit,
    rewrite_all,
    rewrite_signed,
    rewrite_tail,
    rewrite_with_another_key,
    rewrite_with_key,
    settle,
)
from tests.benchmarks.victim import Attack, Victim
from tests.events.audited import MONTH

PAGE = 4096
TEXTS = ("id", "stream", "type", "actor", "correlation_id", "causation_id", "data")
CUT_OFF = "what came after the newest note is cut off"
EVERYTHING = "the attacker has the key and every copy"
NUMBERS = ("version", "schema", "recorded_at", "position")


# bytes


def flip(victim: Victim, path: Path) -> str:
    """One bit."""
    data = bytearray(path.read_bytes())
    at, bit = victim.chance.randrange(len(data)), victim.chance.randrange(8)
    data[at] ^= 1 << bit
    path.write_bytes(data)
    return f"{path.name}: bit {bit} of byte {at}"


def flip_log(victim: Victim) -> str:
    """In one of the logs."""
    return flip(victim, victim.log())


def flip_tables(victim: Victim) -> str:
    """In the list of tables, which a random bit seldom hits."""
    path = victim.log()
    data = bytearray(path.read_bytes())
    places = [found.start() for found in re.finditer(rb"(?i)create (table|trigger)", bytes(data))]
    at, bit = (
        victim.chance.choice(places) + victim.chance.randrange(200),
        victim.chance.randrange(8),
    )
    data[at] ^= 1 << bit
    path.write_bytes(data)
    return f"{path.name}: bit {bit} of byte {at}"


def flip_wal(victim: Victim) -> str:
    """In what is not in the log's file yet."""
    return flip(victim, wal_of(victim))


def zero_page(victim: Victim) -> str:
    """A page that reads as nothing."""
    path = victim.log()
    data = bytearray(path.read_bytes())
    page = victim.chance.randrange(len(data) // PAGE)
    data[page * PAGE : (page + 1) * PAGE] = bytes(PAGE)
    path.write_bytes(data)
    return f"{path.name}: page {page}"


def swap_pages(victim: Victim) -> str:
    """Two pages change places."""
    path = victim.log()
    data = bytearray(path.read_bytes())
    one, two = sorted(victim.chance.sample(range(len(data) // PAGE), 2))
    first, second = (slice(page * PAGE, (page + 1) * PAGE) for page in (one, two))
    data[first], data[second] = data[second], data[first]
    path.write_bytes(data)
    return f"{path.name}: pages {one} and {two}"


def truncate_log(victim: Victim) -> str:
    """The end of the file is gone."""
    path = victim.log()
    size = victim.chance.randrange(path.stat().st_size)
    os.truncate(path, size)
    return f"{path.name}: after {size} bytes"


def truncate_wal(victim: Victim) -> str:
    """The end of the write-ahead file is gone."""
    path = wal_of(victim)
    size = victim.chance.randrange(path.stat().st_size)
    os.truncate(path, size)
    return f"{path.name}: after {size} bytes"


def remove_wal(victim: Victim) -> str:
    """All of it."""
    wal_of(victim).unlink()
    return "main.db-wal"


def wal_of(victim: Victim) -> Path:
    """The main log's, which is as a kill left it."""
    return victim.home.main.with_name("main.db-wal")


# rows


def edit_text(victim: Victim) -> str:
    """Another word in a line."""
    path, column = victim.log(), victim.chance.choice(TEXTS)
    at = victim.position(path)
    word = victim.chance.choice(("'x'", "'{}'", "json_object('a', 1)", f"{column} || ' '"))
    null = column in ("correlation_id", "causation_id")
    value = f"coalesce({column} || 'x', 'y')" if null else word
    victim.change(path, f"update events set {column} = {value} where position = {at}")
    return f"{path.name}: {column} of {at}"


def edit_number(victim: Victim) -> str:
    """Another number in a line."""
    path, column = victim.log(), victim.chance.choice(NUMBERS)
    at, by = victim.position(path), victim.chance.choice((1_000_000, -1_000_000))
    change = f"update events set {column} = {column} + {by} where position = {at}"
    victim.change(path, change)
    return f"{path.name}: {column} of {at} by {by}"


def edit_leaf(victim: Victim) -> str:
    """Another hash beside a line."""
    path = victim.log()
    at = victim.position(path)
    victim.change(path, f"update events set leaf = randomblob(32) where position = {at}")
    return f"{path.name}: leaf of {at}"


def edit_tree(victim: Victim) -> str:
    """Another tile, or another edge."""
    path = victim.log()
    edge = "update log_frontier set peaks = randomblob(length(peaks))"
    tile = "update log_tiles set root = randomblob(32) where number = 0 and level = 0"
    size = "update log_frontier set size = size + 1"
    gone = "delete from log_tiles where number = 0"
    more = "insert into log_tiles values (3, 7, randomblob(32))"
    statement = victim.chance.choice((edge, tile, size, gone, more))
    victim.change(path, statement)
    return f"{path.name}: {statement}"


def delete_first(victim: Victim) -> str:
    """Lines at the beginning."""
    path, count = victim.log(), victim.chance.randint(1, 3)
    victim.change(path, f"delete from events where position <= {count}")
    return f"{path.name}: the first {count}"


def delete_middle(victim: Victim) -> str:
    """Lines in the middle."""
    path = victim.log()
    at, count = victim.position(path), victim.chance.randint(1, 5)
    victim.change(path, f"delete from events where position between {at} and {at + count - 1}")
    return f"{path.name}: {count} from {at}"


def delete_last(victim: Victim) -> str:
    """Lines at the end."""
    path, count = victim.log(), victim.chance.randint(1, 40)
    victim.change(
        path, f"delete from events where position > (select max(position) from events) - {count}"
    )
    return f"{path.name}: the last {count}"


def swap_rows(victim: Victim) -> str:
    """Two lines change places."""
    path = victim.log()
    one, two = victim.chance.sample(range(1, victim.size(path) + 1), 2)
    victim.change(
        path,
        f"update events set position = -1 where position = {one}",
        f"update events set position = {one} where position = {two}",
        f"update events set position = {two} where position = -1",
    )
    return f"{path.name}: {one} and {two}"


def insert_row(victim: Victim) -> str:
    """A line more: at the end, before the beginning, or far beyond."""
    path = victim.log()
    like, size = victim.position(path), victim.size(path)
    at = victim.chance.choice((size + 1, size + 1, 0, -5, size + 100))
    version = "(select max(version) + 1 from events e where e.stream = events.stream)"
    victim.change(
        path,
        f"insert into events select {at}, id, stream, {version}, type, schema, recorded_at, actor,"
        f" correlation_id, causation_id, data, leaf from events where position = {like}",
    )
    return f"{path.name}: {like} again at {at}"


def edit_read_model(victim: Victim) -> str:
    """What the studio believes."""
    table, column = victim.chance.choice(
        (
            ("saved_recipes", "revision = revision + 1"),
            ("saved_recipes", "archived = 1 - archived"),
            ("settings_in_force", "value = '7'"),
        )
    )
    victim.change(victim.home.main, f"update {table} set {column}")
    return f"{table}: {column}"


def drop_trigger(victim: Victim) -> str:
    """And leave it so."""
    path = victim.log()
    names = victim.asked(path, "select name from sqlite_master where type = 'trigger'")
    [name] = victim.chance.choice(names)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"drop trigger {name}")
    connection.close()
    return f"{path.name}: {name}"


# files


def restore_old(victim: Victim) -> str:
    """A copy that was made earlier."""
    old = victim.chance.choice(sorted(victim.olds.iterdir()))
    for path in old.iterdir():
        shutil.copy(path, victim.folder / path.name)
    wal_of(victim).unlink(missing_ok=True)
    return f"as it was after round {old.name}"


def restore_one(victim: Victim) -> str:
    """Only one of the logs."""
    old, path = victim.chance.choice(sorted(victim.olds.iterdir())), victim.log()
    shutil.copy(old / path.name, path)
    if path == victim.home.main:
        wal_of(victim).unlink(missing_ok=True)
    return f"{path.name} as it was after round {old.name}"


def remove_month(victim: Victim) -> str:
    """A book is gone."""
    victim.home.month.unlink()
    return MONTH


# checkpoints and keys


def edit_checkpoint_fact(victim: Victim) -> str:
    """A checkpoint in the log says something else, on a line that fits."""
    facts = victim.asked(
        victim.home.main, "select position from events where type = 'audit-checkpointed'"
    )
    [at] = victim.chance.choice(facts)
    field = victim.chance.choice(("size", "root", "log_id", "note"))
    value = {
        "size": "json_set(data, '$.size', 3)",
        "root": "json_set(data, '$.root', 'AAAA')",
        "log_id": "json_set(data, '$.log_id', 'x')",
        "note": "json_set(data, '$.note', replace(data ->> '$.note', '— ', '— x'))",
    }[field]
    settle(victim.home.main)
    victim.change(victim.home.main, f"update events set data = {value} where position = {at}")
    refit(victim, victim.home.main, None)
    return f"{field} of the checkpoint at {at}"


def edit_note(victim: Victim) -> str:
    """A byte of what is kept outside."""
    path = victim.chance.choice(sorted(victim.notes.iterdir()))
    data = bytearray(path.read_bytes())
    at = victim.chance.randrange(len(data))
    data[at] = victim.chance.choice(b"A0\n x=")
    path.write_bytes(data)
    return f"{path.name}: byte {at}"


def move_note(victim: Victim) -> str:
    """A note's size or root, replaced by another's."""
    path = victim.chance.choice(sorted(victim.notes.iterdir()))
    notes = list(notes_in(path.read_text(encoding="utf-8")))
    line = victim.chance.choice((1, 2))
    parts = [note.split("\n") for note in notes]
    parts[0][line] = parts[-1][line]
    path.write_text("".join("\n".join(part) for part in parts), encoding="utf-8")
    return f"{path.name}: line {line} of the first note"


def remove_notes(victim: Victim) -> str:
    """All of one log."""
    path = victim.chance.choice(sorted(victim.notes.iterdir()))
    path.unlink()
    return path.name


def replace_key(victim: Victim) -> str:
    """The file of the key holds another."""
    victim.key = str(signer_for("noted", OTHER_SEED).verifier)
    return "another key"


ATTACKS = (
    Attack("a bit of a log's file", "files", flip_log),
    Attack("a bit of the list of tables", "files", flip_tables),
    Attack("a bit of the write-ahead file", "files", flip_wal, CUT_OFF),
    Attack("a page of zeros", "files", zero_page),
    Attack("two pages swapped", "files", swap_pages),
    Attack("a log's file cut short", "files", truncate_log),
    Attack("the write-ahead file cut short", "files", truncate_wal, CUT_OFF),
    Attack("the write-ahead file removed", "files", remove_wal, CUT_OFF),
    Attack("a text in a row", "files", edit_text),
    Attack("a number in a row", "files", edit_number),
    Attack("a leaf hash", "files", edit_leaf),
    Attack("tiles or the tree's edge", "files", edit_tree),
    Attack("first rows deleted", "files", delete_first),
    Attack("rows in the middle deleted", "files", delete_middle),
    Attack("last rows deleted", "files", delete_last),
    Attack("two rows swapped", "files", swap_rows),
    Attack("a row inserted", "files", insert_row),
    Attack("a read model edited", "files", edit_read_model),
    Attack("a trigger dropped", "files", drop_trigger),
    Attack("an old copy of all logs", "files", restore_old),
    Attack("an old copy of one log", "files", restore_one),
    Attack("a month removed", "files", remove_month),
    Attack("rewritten to fit, before the newest note", "files", rewrite_signed),
    Attack("rewritten to fit, after the newest note", "files", rewrite_tail, "not signed for yet"),
    Attack("rewritten and signed again", "files and key", rewrite_with_key),
    Attack("rewritten with another key", "files and key", rewrite_with_another_key),
    Attack(
        "rewritten, signed again, notes too", "files, key and notes", rewrite_all, "key and copies"
    ),
    Attack("a checkpoint in the log edited", "files", edit_checkpoint_fact),
    Attack("a byte of the notes outside", "notes", edit_note),
    Attack("a note outside edited", "notes", move_note),
    Attack("notes outside removed", "notes", remove_notes),
    Attack("the key replaced", "key file", replace_key),
)
