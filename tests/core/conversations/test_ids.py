"""A set that only grows is the same as any set, whoever went on from where."""

from hypothesis import given
from hypothesis import strategies as st

from core.conversations.decider import Ids

ids = st.sampled_from("abcdef")


@given(st.lists(st.tuples(st.integers(0, 20), ids), max_size=20))
def test_every_set_keeps_what_it_had(steps: list[tuple[int, str]]) -> None:
    """Each step goes on from any set before it; none of the others is changed by that."""
    grown: list[tuple[Ids, frozenset[str]]] = [(Ids(), frozenset())]
    for at, one in steps:
        shared, plain = grown[at % len(grown)]
        grown.append((shared.with_one(one), plain | {one}))
    for shared, plain in grown:
        assert len(shared) == len(plain)
        assert {one for one in "abcdef" if one in shared} == plain
