"""Wait for a point, not for a while: a condition, a deadline, and what was seen when it passed."""

import time
from collections.abc import Callable, Sized
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T | None], *, within: float, what: str, every: float = 0.05) -> T:
    """Look until there is something to return: not None, not False, and not empty.

    Raises:
        AssertionError: `within` seconds passed; it names `what` and the last thing seen.
    """
    deadline = time.monotonic() + within
    while True:
        seen = look()
        if seen is not None and seen is not False and not _empty(seen):
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {within:g} s (last seen: {seen!r})")
        time.sleep(every)


def _empty(seen: object) -> bool:
    return isinstance(seen, Sized) and len(seen) == 0
