"""What comes next in a change. The same function after a fact and after a crash."""

import msgspec

from core.switching.decider import UnderWay


class Drain(msgspec.Struct, frozen=True, kw_only=True):
    """Let running requests of these recipes finish (or cut them, when forced)."""

    recipe_ids: tuple[str, ...]
    force: bool


class Evict(msgspec.Struct, frozen=True, kw_only=True):
    """Take these recipes out of memory, all at once."""

    recipe_ids: tuple[str, ...]


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """Bring this recipe up and wait until it answers."""

    recipe_id: str


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is left to do but to say so."""


Step = Drain | Evict | Start | Finish


def next_step(change: UnderWay, ready: frozenset[str]) -> Step:
    """The next piece of work.

    `ready`: the recipes that answer now, so that a step already taken is not taken again.
    """
    match change:
        case UnderWay(evict=evict, drained=False) if evict:
            return Drain(recipe_ids=evict, force=change.force)
        case UnderWay(evict=evict, gone=gone) if left := tuple(r for r in evict if r not in gone):
            return Evict(recipe_ids=left)
        case UnderWay(kind="evict"):
            return Finish()
        case UnderWay(target=str(target)) if target not in ready:
            return Start(recipe_id=target)
        case _:
            return Finish()
