"""The tree is RFC 6962's, so that an auditor needs nothing of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.audit.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash

# The reference inputs and roots of the Certificate Transparency project.
INPUTS = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = st.lists(st.binary(min_size=32, max_size=32), max_size=70)


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference(size: int) -> None:
    """The published vectors come out, for every size from one to eight."""
    leaves = [leaf_hash(bytes.fromhex(text)) for text in INPUTS[:size]]
    assert Frontier.of(leaves).root().hex() == ROOTS[size - 1]


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    """RFC 6962, 2.1: the hash of an empty list is that of an empty string."""
    assert Frontier().root() == EMPTY_ROOT


@given(LEAVES)
def test_the_frontier_gives_the_root_by_definition(leaves: list[bytes]) -> None:
    """Growing leaf by leaf gives what the recursive definition gives."""
    assert Frontier.of(leaves).root() == _defined(leaves)


@given(LEAVES)
def test_a_frontier_survives_being_stored(leaves: list[bytes]) -> None:
    """What is read back grows on to the same root."""
    stored = Frontier.of(leaves)
    read = Frontier.load(stored.size, stored.pack())
    for frontier in (stored, read):
        frontier.push(bytes(32))
    assert read.root() == stored.root()


@given(LEAVES, st.sampled_from([1, 2, 8, 64]))
def test_the_newest_leaves_prove_the_smallest_peaks(leaves: list[bytes], limit: int) -> None:
    """The tail can be checked without reading the whole log, and a changed leaf is noticed."""
    frontier = Frontier.of(leaves)
    newest = leaves[len(leaves) - frontier.tail(limit) :]
    assert frontier.holds_tail(newest)
    if newest:
        assert not frontier.holds_tail([*newest[:-1], node_hash(newest[-1], newest[-1])])


@pytest.mark.parametrize(("size", "packed"), [(3, bytes(32)), (1, bytes(31)), (0, bytes(32))])
def test_a_frontier_that_does_not_fit_its_size_is_refused(size: int, packed: bytes) -> None:
    """A damaged frontier is not taken for a tree."""
    with pytest.raises(ValueError):  # noqa: PT011 — one of two sentences, both are right
        Frontier.load(size, packed)


def _defined(leaves: list[bytes]) -> bytes:
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(_defined(leaves[:split]), _defined(leaves[split:]))
