"""Inclusion and consistency proofs, and how they are checked (RFC 9162, 2.1.3 and 2.1.4).

An inclusion proof shows that a line stands at its place in a tree of some size, a consistency
proof that a smaller tree is the beginning of a larger one. Checking either needs the two roots
and nothing of the log.
"""

from collections.abc import Callable, Sequence

from events.audit.merkle import node_hash

RootOf = Callable[[int, int], bytes]  # RFC 6962's hash of leaves [start, end)


def inclusion_proof(root: RootOf, leaf: int, size: int) -> list[bytes]:
    """The hashes beside the way from a leaf to the root, lowest first (RFC 9162, 2.1.3.1).

    `leaf` counts from 0. Raises ValueError unless 0 ≤ leaf < size.
    """
    if not 0 <= leaf < size:
        raise ValueError(f"a tree of {size} lines has no leaf {leaf}")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        split = start + _below(end - start)
        if leaf < split:
            proof.append(root(split, end))
            end = split
        else:
            proof.append(root(start, split))
            start = split
    proof.reverse()
    return proof


def consistency_proof(root: RootOf, first: int, second: int) -> list[bytes]:
    """What shows that the tree of `first` lines begins that of `second` (RFC 9162, 2.1.4.1).

    Raises ValueError unless 0 < first ≤ second.
    """
    if not 0 < first <= second:
        raise ValueError(f"a tree of {first} lines can not begin one of {second}")
    proof: list[bytes] = []
    start, end, known = 0, second, True  # known: the verifier has the root of this subtree
    while first != end:
        split = start + _below(end - start)
        if first <= split:
            proof.append(root(split, end))
            end = split
        else:
            proof.append(root(start, split))
            start, known = split, False
    if not known:
        proof.append(root(start, end))
    proof.reverse()
    return proof


def includes(leaf_hash: bytes, leaf: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that the leaf stands at that place under the root (2.1.3.2)."""
    if not 0 <= leaf < size:
        return False
    at, last, found = leaf, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(
    first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the proof shows that the first tree begins the second (2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _below(count: int) -> int:
    """The largest power of two below `count`, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)
