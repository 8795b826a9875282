"""Whether the gateway is what holds answers back.

LiteLLM is one process with one event loop, so one core is all it can ever use, and every token of
its lane is work there. When it has wanted a whole core for half a minute while requests ran through
it, it passes on what it can, not what engines and clients could. Nothing shorter counts, and it has
to ease clearly before that is no longer said. Pure.

    looks every two seconds ─► 30 s of one process, requests in most of them ─► share of a core
                               ≥ 0.9: held back      < 0.6: no longer      between: as it was
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

WINDOW_S = 30.0
SPAN_S = 26.0  # of it have to be seen; the rest is the time between two looks
GAP_S = 8.0  # between two looks; longer and nobody knows what was in between
HELD = 0.9  # of one core
EASED = 0.6
BUSY_LOOKS = 0.8  # of the looks that must have seen requests


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the gateway."""

    at: float  # monotonic seconds
    pid: int
    wanted_s: float  # of one core, since the process began
    running: dict[str, int]  # requests on its lane, by recipe id


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway wants more than the one core it can use."""

    share: float  # of one core over the last half minute; about 1 at most
    recipe_ids: tuple[str, ...]  # whose requests went through it, most first


def kept(looks: Sequence[Look], look: Look) -> tuple[Look, ...]:
    """The looks that count with a new one: of one process, without a gap, not too old."""
    last = looks[-1] if looks else None
    if last is None or last.pid != look.pid or look.at - last.at > GAP_S:
        return (look,)
    return (*(one for one in looks if look.at - one.at <= WINDOW_S), look)


def judge(looks: Sequence[Look], before: Held | None) -> Held | None:
    """What is to be said now, `before` being what was said at the last look."""
    share = _share(looks)
    if share is None or share < (HELD if before is None else EASED):
        return None
    through = Counter[str]()
    for look in looks:
        through.update(look.running)
    seen = sum(bool(look.running) for look in looks)
    if seen < BUSY_LOOKS * len(looks):
        return None  # it works, but not for requests: such as while it starts
    return Held(share=min(1.0, share), recipe_ids=tuple(name for name, _ in through.most_common()))


def _share(looks: Sequence[Look]) -> float | None:
    """Of one core; None while too little was seen."""
    if len(looks) < 2 or looks[-1].at - looks[0].at < SPAN_S:
        return None
    return (looks[-1].wanted_s - looks[0].wanted_s) / (looks[-1].at - looks[0].at)
