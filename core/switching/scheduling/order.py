"""In which order wishes are served, and how long anybody can have to wait. Pure.

0. Evictions: they only make room, and what is asked for afterwards comes after them.
1. What a person asked for comes first, the newest of it before the older.
2. A wish that has waited for `patience_s` comes next, the oldest first: from then on nobody who
   came later is served before it, whatever their priority.
3. The rest by priority, then by age.
"""

from collections.abc import Iterable

from core.switching.scheduling.scene import Rules, Wish


def in_order(wishes: Iterable[Wish], rules: Rules, now: float) -> list[Wish]:
    """The most urgent first."""
    return sorted(wishes, key=lambda wish: _rank(wish, rules, now))


def _rank(wish: Wish, rules: Rules, now: float) -> tuple[int, float, float, str]:
    if wish.kind == "evict":
        return -1, wish.asked_at, 0.0, wish.wish_id
    if wish.manual:
        return 0, -wish.asked_at, 0.0, wish.wish_id
    if now - wish.asked_at >= rules.patience_s:
        return 1, wish.asked_at, 0.0, wish.wish_id
    return 2, -wish.priority, wish.asked_at, wish.wish_id


def next_rank_change(wishes: Iterable[Wish], rules: Rules, now: float) -> float | None:
    """When the next wish comes of age."""
    ages = [w.asked_at + rules.patience_s for w in wishes if not w.manual and w.kind != "evict"]
    return min((age for age in ages if age > now), default=None)


def wait_bound(competitors: int, rules: Rules, change_s: float, by_hand: int = 0) -> float:
    """The longest a request can wait for its model while `competitors` other models are asked for.

    `change_s` bounds one change: the drain deadline, the stop and the load. `by_hand` counts the
    changes a person asks for meanwhile. The argument:

    For `patience_s` others may be served first, one change at a time on the same devices; the one
    under way at its end may last `change_s` more. From then on only wishes that were older go
    before, at most one for each other model, since a model's next wish is younger. Each waits at
    most `min_residence_s` for the one before it to have stayed, and takes `change_s`. Last comes
    the wish itself.
    """
    step = rules.min_residence_s + change_s
    return rules.patience_s + change_s + (competitors + 1 + by_hand) * step
