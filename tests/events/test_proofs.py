"""Proofs are RFC 9162's; pymerkle, which shares no line with ours, is the oracle."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion
from sqlite_utils import Database

from events import schema
from events.audit.merkle import EMPTY_ROOT, TILE, Frontier, leaf_hash
from events.audit.proofs import consistency_proof, includes, inclusion_proof, is_consistent
from events.audit.tree import LogTree
from events.connections import open_writer
from events.facts import EngineProgressed
from events.store import EventStore

LINES = [str(number).encode() for number in range(70)]
LEAVES = [leaf_hash(line) for line in LINES]
SIZES = st.integers(1, len(LINES))


def root(start: int, end: int) -> bytes:
    """By definition, from all leaves."""
    return Frontier.of(LEAVES[start:end]).root()


@given(SIZES, st.data())
def test_inclusion_agrees_with_the_oracle(size: int, data: st.DataObject) -> None:
    """Same path, and each accepts it."""
    leaf = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(root, leaf, size)
    tree = InmemoryTree(algorithm="sha256")
    for line in LINES[:size]:
        tree.append_entry(line)
    theirs = tree.prove_inclusion(leaf + 1, size)
    assert tree.get_root(size) == root(0, size)
    assert theirs.path[1:] == proof or theirs.path == [LEAVES[leaf], *proof]
    verify_inclusion(LEAVES[leaf], root(0, size), theirs)
    assert includes(LEAVES[leaf], leaf, size, proof, root(0, size))


@given(SIZES, SIZES)
def test_consistency_is_accepted_by_both(one: int, other: int) -> None:
    """Any two sizes."""
    first, second = sorted((one, other))
    proof = consistency_proof(root, first, second)
    assert is_consistent(first, root(0, first), second, root(0, second), proof)
    tree = InmemoryTree(algorithm="sha256")
    for line in LINES[:second]:
        tree.append_entry(line)
    verify_consistency(root(0, first), root(0, second), tree.prove_consistency(first, second))


@given(SIZES, st.data())
def test_a_wrong_inclusion_is_refused(size: int, data: st.DataObject) -> None:
    """Another leaf, place, size, root, or a proof with one hash more, less or changed."""
    leaf = data.draw(st.integers(0, size - 1))
    proof, whole = inclusion_proof(root, leaf, size), root(0, size)
    assert not includes(leaf_hash(b"other"), leaf, size, proof, whole)
    assert not includes(LEAVES[leaf], leaf, size, proof, bytes(32))
    assert not includes(LEAVES[leaf], leaf, size, [*proof, bytes(32)], whole)
    assert not includes(LEAVES[leaf], size, size, proof, whole)
    if proof:
        assert not includes(LEAVES[leaf], leaf, size, proof[:-1], whole)
        assert not includes(LEAVES[leaf], leaf, size, [*proof[:-1], bytes(32)], whole)
        assert not includes(LEAVES[leaf], leaf ^ 1, size, proof, whole)


@given(SIZES, SIZES)
def test_a_wrong_consistency_is_refused(one: int, other: int) -> None:
    """Another root on either side, or a changed proof."""
    first, second = sorted((one, other))
    proof = consistency_proof(root, first, second)
    old, new = root(0, first), root(0, second)
    assert not is_consistent(first, bytes(32), second, new, proof)
    assert not is_consistent(first, old, second, bytes(32), proof)
    assert not is_consistent(first, old, second, new, [*proof, bytes(32)])
    if proof:
        assert not is_consistent(first, old, second, new, proof[:-1])


def test_nothing_proves_what_is_not_there() -> None:
    """A leaf beyond the end, an empty tree, a tree that begins a shorter one."""
    for wrong in (-1, 3):
        with pytest.raises(ValueError, match="leaf"):
            inclusion_proof(root, wrong, 3)
    for first, second in ((0, 3), (4, 3)):
        with pytest.raises(ValueError, match="begin"):
            consistency_proof(root, first, second)
        assert not is_consistent(first, EMPTY_ROOT, second, bytes(32), [])


def written(folder: Path, count: int) -> EventStore:
    """A log of so many lines, its creation among them."""
    store = EventStore.open(folder / "main.db")
    facts = [EngineProgressed(engine_id="e", recipe_id="r", phase=str(n)) for n in range(count - 1)]
    for at in range(0, len(facts), 300):
        store.append_now("engine-e", facts[at : at + 300], actor="system")
    return store


@pytest.mark.parametrize("count", [1, TILE - 1, TILE, TILE + 1, 3 * TILE, 1111])
def test_the_log_gives_the_roots_it_had(tmp_path: Path, count: int) -> None:
    """From tiles and leaves, for its own size and those before."""
    store = written(tmp_path, count)
    try:
        leaves = [recorded.leaf for recorded in store.read_all(limit=count + 1)]
        with store.reading() as connection:
            tree = LogTree(connection)
            assert tree.size == count == len(leaves)
            for size in {0, 1, count // 2, count - 1, count}:
                assert tree.root(0, size) == Frontier.of(leaves[:size]).root()
            assert tree.leaf(count - 1) == leaves[-1]
            proof = inclusion_proof(tree.root, count // 2, count)
            assert includes(leaves[count // 2], count // 2, count, proof, tree.root(0, count))
            with pytest.raises(KeyError):
                tree.leaf(count)
    finally:
        store.close()


def test_a_log_from_before_gets_its_tiles(tmp_path: Path) -> None:
    """The migration makes them from the leaves; the second level needs 65,536."""
    leaves = [leaf_hash(str(n).encode()) for n in range(2 * TILE + 5)]
    connection = open_writer(tmp_path / "old.db")
    database = Database(connection, execute_plugins=False)
    schema.migrations.apply(database, stop_before="m005_tiles")
    row = "insert into events values (?, 'i', 's', ?, 't', 1, 0, 'a', null, null, '{}', ?)"
    connection.executemany(row, [(n + 1, n + 1, leaf) for n, leaf in enumerate(leaves)])
    frontier = Frontier.of(leaves)
    connection.execute(
        "update log_frontier set size = ?, peaks = ?", (frontier.size, frontier.pack())
    )
    schema.migrate(database)
    found = connection.execute("select level, number, root from log_tiles").fetchall()
    assert found == [(0, n, Frontier.of(leaves[n * TILE :][:TILE]).root()) for n in (0, 1)]
    connection.close()


def test_tiles_of_the_second_level() -> None:
    """65,536 leaves make one; its root is that of its 256."""
    frontier = Frontier.of(bytes([n % 251]) * 32 for n in range(TILE * TILE))
    below = [tile.root for tile in frontier.closed if tile.level == 0]
    assert [tile.number for tile in frontier.closed if tile.level == 0] == list(range(TILE))
    [above] = [tile for tile in frontier.closed if tile.level == 1]
    assert (above.number, above.root) == (0, Frontier.of(below).root())
    assert above.root == frontier.root()
