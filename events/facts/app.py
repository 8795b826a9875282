"""Facts about the application itself. Stream: `app`."""

from events.facts.base import Fact


class AppStarted(Fact, frozen=True, kw_only=True, tag="app-started"):
    """vLLM Studio {version} started."""

    version: str
    pid: int
    headless: bool = False


class AppStopped(Fact, frozen=True, kw_only=True, tag="app-stopped"):
    """vLLM Studio stopped: {reason}."""

    reason: str
    left_running: tuple[str, ...] = ()


class AppCrashDetected(Fact, frozen=True, kw_only=True, tag="app-crash-detected"):
    """The previous run (process {pid}) ended without saying goodbye."""

    pid: int
