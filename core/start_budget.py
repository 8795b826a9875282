"""How often a recipe may fail to start before requests for it are refused at once.

A client that retries would otherwise start a broken recipe again and again, and evict what works
each time. A person who asks by hand is always obeyed: they may have mended it.
"""

import msgspec

from core.clock import Clock
from core.errors import EngineFailure, Unavailable
from core.live_settings import LiveSettings


class Failures(msgspec.Struct, frozen=True, kw_only=True):
    """Failed starts in a row, and when the last one was (monotonic seconds)."""

    count: int
    at: float
    reason: str
    next_action: str


class StartBudget:
    """Kept in memory: a restart of the studio is a fresh chance."""

    def __init__(self, *, settings: LiveSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._failures: dict[str, Failures] = {}

    def failed(self, recipe_id: str, error: EngineFailure) -> None:
        """One more in a row."""
        before = self._failures.get(recipe_id)
        self._failures[recipe_id] = Failures(
            count=(before.count if before else 0) + 1,
            at=self._clock.monotonic(),
            reason=error.message,
            next_action=error.next_action,
        )

    def forget(self, recipe_id: str) -> None:
        """It started, or its recipe was changed."""
        self._failures.pop(recipe_id, None)

    def check(self, recipe_id: str) -> None:
        """Raise Unavailable, with the last reason, while the recipe is left alone.

        The pause doubles with every failure beyond the limit, up to sixteen times.
        """
        failures = self._failures.get(recipe_id)
        settings = self._settings.current
        if failures is None or failures.count < settings.start_failure_limit:
            return
        doublings = min(4, failures.count - settings.start_failure_limit)
        left = failures.at + settings.start_backoff_s * 2**doublings - self._clock.monotonic()
        if left > 0:
            raise Unavailable(
                f"{recipe_id} failed to start {failures.count} times in a row and is left alone "
                f"for {left:.0f} s: {failures.reason}",
                code="start-blocked",
                retry_after=left,
                next_action=failures.next_action or "mend the recipe, or switch to it by hand",
            )
