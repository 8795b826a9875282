"""Facts about one run of an inference server. Stream: `engine-<engine_id>`.

Intent, effect, outcome: EngineStartRequested is committed before the process exists,
so a start without an outcome is what the next boot has to reconcile.
"""

from events.facts.base import Fact


class EngineStartRequested(Fact, frozen=True, kw_only=True, tag="engine-start-requested"):
    """Starting {recipe_id} with {kind} on port {port}."""

    engine_id: str
    recipe_id: str
    revision: int
    kind: str  # vllm | sglang | transformers | command
    runtime: str | None  # runtime id, None for `command`
    model_name: str  # the name the engine itself serves
    port: int
    argv: tuple[str, ...]  # secrets masked
    nonce: str  # also in the child's environment: proof that it is ours
    log_path: str  # relative to the data directory


class EngineStarted(Fact, frozen=True, kw_only=True, tag="engine-started"):
    """The process of {recipe_id} is running as {pid}."""

    engine_id: str
    recipe_id: str
    pid: int
    process_group: int
    process_started_at: float  # seconds since the epoch, as the system tells it


class EngineProgressed(Fact, frozen=True, kw_only=True, tag="engine-progressed"):
    """{recipe_id}: {phase}."""

    engine_id: str
    recipe_id: str
    phase: str
    percent: float | None = None  # 0 to 100, None when the phase does not tell


class EngineBecameReady(Fact, frozen=True, kw_only=True, tag="engine-became-ready"):
    """{recipe_id} answers after {seconds:.1f} s."""

    engine_id: str
    recipe_id: str
    seconds: float


class EngineStartFailed(Fact, frozen=True, kw_only=True, tag="engine-start-failed"):
    """{recipe_id} could not be started: {reason}."""

    engine_id: str
    recipe_id: str
    reason: str
    code: str  # the diagnosis, such as "port-taken"; "unknown" when none fits
    next_action: str = ""
    exit_code: int | None = None
    lines: tuple[str, ...] = ()  # the decisive lines of its log, secrets masked


class EngineStopRequested(Fact, frozen=True, kw_only=True, tag="engine-stop-requested"):
    """{recipe_id} was asked to stop: {reason}."""

    engine_id: str
    recipe_id: str
    reason: str


class EngineStopped(Fact, frozen=True, kw_only=True, tag="engine-stopped"):
    """{recipe_id} stopped after {seconds:.1f} s."""

    engine_id: str
    recipe_id: str
    exit_code: int | None
    seconds: float
    forced: bool = False  # the grace period ran out and its process group was killed


class EngineCrashed(Fact, frozen=True, kw_only=True, tag="engine-crashed"):
    """{recipe_id} ended without being asked: {reason}."""

    engine_id: str
    recipe_id: str
    reason: str
    code: str
    next_action: str = ""
    exit_code: int | None = None
    lines: tuple[str, ...] = ()


class EngineAdopted(Fact, frozen=True, kw_only=True, tag="engine-adopted"):
    """{recipe_id} was still running as {pid} and was taken over."""

    engine_id: str
    recipe_id: str
    pid: int


class EngineLost(Fact, frozen=True, kw_only=True, tag="engine-lost"):
    """{recipe_id} was gone when vLLM Studio looked: {reason}."""

    engine_id: str
    recipe_id: str
    reason: str
