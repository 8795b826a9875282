"""Days as budgets count them: a test that spends one day's money must not see the next begin."""

import time

from tests.harness.waiting import eventually

DAY_S = 86_400


def within_a_day(seconds: float) -> None:
    """Return when a day (UTC) lasts so long still: at once, but for the last moments of one."""
    eventually(lambda: _left() > seconds, within=2 * seconds, what="the next day begins", every=1)


def _left() -> float:
    return DAY_S - time.time() % DAY_S
