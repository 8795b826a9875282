"""How often a recipe may fail before requests for it are refused at once.

A client that retries would otherwise start a broken recipe again and again, and evict what works
each time. What fails is read from the log (events/projections/failed_starts.py), so a restart of
the app forgets nothing. A person who asks by hand is always obeyed: they may have mended it.
"""

from collections.abc import Callable

import msgspec

from core.clock import Clock
from core.engines.failures import hopeless
from core.errors import Unavailable
from core.live_settings import LiveSettings
from events.projections.failed_starts import FailedStarts, failed_starts
from events.store import EventStore

MOST_DOUBLINGS = 4  # the pause is never longer than sixteen times the first


class Blocked(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe that is left alone."""

    count: int
    until: int | None  # µs since the epoch; None: until it is changed or started by hand
    reason: str
    next_action: str


def blocked(
    failures: FailedStarts, now: int, *, limit: int, pause_s: float, is_hopeless: bool
) -> Blocked | None:
    """Whether it is left alone now. Pure.

    1. It answers: not at all.
    2. The same start would fail the same way (a wrong flag, a missing file): at once, and until
       something is changed.
    3. It failed `limit` times in a row: for a pause that doubles with every further failure.
    """
    if failures.ready_at is not None:
        return None  # 1
    until: int | None = None
    if not is_hopeless:  # 3
        doublings = min(MOST_DOUBLINGS, failures.count - limit)
        if doublings < 0:
            return None
        until = failures.at + round(pause_s * 2**doublings * 1e6)
        if until <= now:
            return None
    return Blocked(
        count=failures.count,
        until=until,
        reason=failures.reason,
        next_action=failures.next_action or "mend the recipe, or switch to it by hand",
    )


class StartBudget:
    """Says of a recipe whether it is left alone."""

    def __init__(
        self,
        *,
        store: EventStore,
        settings: LiveSettings,
        clock: Clock,
        is_hopeless: Callable[[str], bool] = hopeless,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._is_hopeless = is_hopeless

    def all_blocked(self) -> dict[str, Blocked]:
        """Every recipe that is left alone now, by id."""
        with self._store.reading() as connection:
            found = failed_starts(connection)
        return {id_: b for id_, failures in found.items() if (b := self._judge(failures))}

    def check(self, recipe_id: str) -> None:
        """Raise Unavailable, with the last reason, while the recipe is left alone."""
        block = self.all_blocked().get(recipe_id)
        if block is None:
            return
        times = "once" if block.count == 1 else f"{block.count} times in a row"
        if block.until is None:
            until, left = "until it is changed", self._settings.current.start_backoff_s
        else:
            left = max(1.0, (block.until - self._clock.now()) / 1e6)
            until = f"for {left:.0f} s"
        raise Unavailable(
            f"{recipe_id} failed {times} and is left alone {until}: {block.reason}",
            code="start-blocked",
            retry_after=left,
            next_action=block.next_action,
        )

    def _judge(self, failures: FailedStarts) -> Blocked | None:
        settings = self._settings.current
        return blocked(
            failures,
            self._clock.now(),
            limit=settings.start_failure_limit,
            pause_s=settings.start_backoff_s,
            is_hopeless=self._is_hopeless(failures.code),
        )
