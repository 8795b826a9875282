"""Facts about the application itself. Stream: `app`."""

from events.facts.base import Fact


class AppStarted(Fact, frozen=True, kw_only=True, tag="app-started"):
    """vLLM Studio {version} started."""

    version: str
    pid: int
    headless: bool = False


class AppStopped(Fact, frozen=True, kw_only=True, tag="app-stopped"):
    """vLLM Studio stopped: {reason}{with_cuts}."""

    reason: str
    left_running: tuple[str, ...] = ()
    cut: int = 0  # requests that were running and were ended

    @property
    def with_cuts(self) -> str:
        """How many requests it cut, when there were any."""
        return f"; {self.cut} running request(s) were cut" if self.cut else ""


class AppCrashDetected(Fact, frozen=True, kw_only=True, tag="app-crash-detected"):
    """The previous run (process {pid}) ended without saying goodbye."""

    pid: int


class ClockSteppedBack(Fact, frozen=True, kw_only=True, tag="clock-stepped-back"):
    """The machine's clock stands {seconds:.0f} s before the newest event: times overlap here."""

    seconds: float
    newest_at: int  # µs since the epoch: when the newest event was recorded by the clock of then
