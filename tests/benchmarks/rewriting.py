"""A log rewritten so that everything in it fits together: lines, leaves, tiles, edge, read models.

What somebody can do who knows the format as well as we do; with the key, also the checkpoints in
the log, and with the notes outside at hand, everything there is.
"""

import base64
import shutil
import sqlite3
from pathlib import Path

import msgspec

from core.auditing.notes import NotesFolder
from events.audit import checkpoint
from events.audit.checkpoint import Checkpoint, origin_of, signer_for
from events.audit.merkle import Frontier, leaf_hash
from events.codec import envelope_line
from events.reading import COLUMNS
from tests.benchmarks.victim import Victim
from tests.events.audited import unguarded

OTHER_SEED = b"\x2a" * 32


def settle(path: Path) -> None:
    """The write-ahead file becomes part of the log's file."""
    connection = sqlite3.connect(path)
    connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()


def refit(victim: Victim, path: Path, seed: bytes | None) -> None:
    """Positions, versions, leaves, tiles and edge anew from the lines there are.

    With the key, the checkpoints in the main log are signed again, for what the logs say now.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    rows = [list(row) for row in connection.execute(f"select {COLUMNS} from events order by 1")]
    tree, versions, roots, fresh = Frontier(), dict[str, int](), [Frontier().root()], []
    month = None if path == victim.home.month else roots_of(victim.home.month)
    for number, row in enumerate(rows, start=1):
        versions[row[2]] = versions.get(row[2], 0) + 1
        row[0], row[3] = number, versions[row[2]]
        if seed is not None and row[4] == "audit-checkpointed":
            row[10] = signed_again(row[10], seed, roots, month)
        parts = [*row[:10], row[10].encode()]
        row[11] = leaf_hash(envelope_line(*parts))
        tree.push(row[11])
        roots.append(tree.root())
        fresh.append(row)
    tiles = [(level, at, root) for level, at, root in tree.closed]
    connection.close()
    with unguarded(path) as connection:
        connection.execute("begin")
        connection.execute("delete from events")
        connection.execute("delete from log_tiles")
        places = ", ".join("?" * 12)
        connection.executemany(f"insert into events ({COLUMNS}) values ({places})", fresh)
        connection.executemany("insert into log_tiles values (?, ?, ?)", tiles)
        edge = (tree.size, tree.pack())
        connection.execute("update log_frontier set size = ?, peaks = ?", edge)
        connection.execute("delete from log_projections")  # read models are folded anew
        connection.execute("commit")


def roots_of(path: Path) -> list[bytes]:
    """The root of every size of a log."""
    connection = sqlite3.connect(path)
    tree, roots = Frontier(), [Frontier().root()]
    for (leaf,) in connection.execute("select leaf from events order by position"):
        tree.push(leaf)
        roots.append(tree.root())
    connection.close()
    return roots


def signed_again(data: str, seed: bytes, main: list[bytes], month: list[bytes] | None) -> str:
    """A checkpoint's fact, true of the logs as they are now."""
    fact = msgspec.json.decode(data)
    roots = main if fact["log"] == "main" else month or []
    size = min(fact["size"], len(roots) - 1)
    told = Checkpoint(origin_of(fact["log_id"]), size, roots[size])
    note = checkpoint.signed(told, signer_for(fact["log_id"], seed))
    fact |= {"size": size, "root": base64.b64encode(told.root).decode(), "note": note}
    return msgspec.json.encode(fact).decode()


def rewrite(victim: Victim, path: Path, at: int, seed: bytes | None) -> str:
    """A line says something else, is left out, or everything after it is."""
    settle(path)
    what = victim.chance.choice(("changed", "left out", "cut off from there"))
    kept = "type not in ('audit-checkpointed', 'audit-log-created', 'audit-key-made')"
    statements = {
        "changed": f"update events set actor = 'nobody' where position = {at}",
        "left out": f"delete from events where position = {at} and {kept}",
        "cut off from there": f"delete from events where position >= {max(2, at)}",
    }
    victim.change(path, statements[what])
    refit(victim, path, seed)
    if seed is not None and path == victim.home.month:
        refit(victim, victim.home.main, seed)
    return f"{path.name}: {at} {what}"


def rewrite_signed(victim: Victim) -> str:
    """Somewhere in what a note outside stands for, without the key."""
    path = victim.log()
    return rewrite(victim, path, victim.chance.randint(2, victim.signed(path)), None)


def rewrite_tail(victim: Victim) -> str:
    """After the newest note outside, without the key: nobody stands for that."""
    path = victim.log()
    first = victim.signed(path) + (3 if path == victim.home.main else 1)
    return rewrite(victim, path, victim.chance.randint(first, victim.size(path)), None)


def rewrite_with_key(victim: Victim) -> str:
    """Somewhere in what a note outside stands for, and sign the checkpoints in the log again."""
    path = victim.log()
    at = victim.chance.randint(2, victim.signed(path))
    return rewrite(victim, path, at, victim.home.seed)


def rewrite_all(victim: Victim) -> str:
    """With the key, and the notes outside written anew as well: nobody can tell."""
    said = rewrite_with_key(victim)
    shutil.rmtree(victim.notes)
    for path in (victim.home.main, victim.home.month):
        roots, log_id = roots_of(path), victim.log_id(path)
        told = Checkpoint(origin_of(log_id), len(roots) - 1, roots[-1])
        note = checkpoint.signed(told, signer_for(log_id, victim.home.seed))
        NotesFolder(victim.notes).append(note)
    return f"{said}, and all notes"


def rewrite_with_another_key(victim: Victim) -> str:
    """A key of one's own, in the log, in the notes and in its file; the verifier noted the old."""
    path = victim.log()
    settle(victim.home.main)
    victim.change(
        victim.home.main,
        "update events set data = json_set(data, '$.verifier_key', '"
        + str(signer_for(victim.log_id(victim.home.main), OTHER_SEED).verifier)
        + "') where type = 'audit-key-made'",
    )
    victim.home.seed = OTHER_SEED
    said = rewrite(victim, path, victim.chance.randint(2, victim.signed(path)), OTHER_SEED)
    refit(victim, victim.home.main, OTHER_SEED)
    return f"{said}, with another key"
