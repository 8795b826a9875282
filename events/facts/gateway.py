"""Facts about the LiteLLM gateway. Stream: `gateway`."""

from events.facts.base import Fact


class GatewayStarted(Fact, frozen=True, kw_only=True, tag="gateway-started"):
    """The gateway is starting as process {pid} on port {port}."""

    pid: int
    process_group: int
    process_started_at: float
    port: int
    nonce: str


class GatewayBecameReady(Fact, frozen=True, kw_only=True, tag="gateway-became-ready"):
    """The gateway answers after {seconds:.1f} s."""

    seconds: float


class GatewayConfigApplied(Fact, frozen=True, kw_only=True, tag="gateway-config-applied"):
    """The gateway now routes: {models}."""

    models: tuple[str, ...]


class GatewayCrashed(Fact, frozen=True, kw_only=True, tag="gateway-crashed"):
    """The gateway ended without being asked: {reason}."""

    reason: str
    exit_code: int | None = None
    retry_in: float = 0.0  # seconds until it is started again


class GatewayStopped(Fact, frozen=True, kw_only=True, tag="gateway-stopped"):
    """The gateway stopped."""

    exit_code: int | None = None
