"""Facts about one run of an inference server. Stream: `engine-<engine_id>`.

Intent, effect, outcome: EngineStartRequested is committed before the process exists,
so a start without an outcome is what the next boot has to reconcile.
"""

import math

import msgspec

from events.facts.base import Fact

MIB = 1024**2
GIB = 1024**3


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
    fingerprint: str = ""  # of everything that shapes the launch; empty in older logs
    devices: tuple[str, ...] = ()  # GPUs by UUID, "gpu:1" where no driver tells; empty: all


class EngineStarted(Fact, frozen=True, kw_only=True, tag="engine-started"):
    """The process of {recipe_id} is running as {pid}."""

    engine_id: str
    recipe_id: str
    pid: int
    process_group: int
    process_started_at: float  # seconds since the epoch, as the system tells it
    warm: bool = False  # the process had imported its engine before it was asked for


class EngineProgressed(Fact, frozen=True, kw_only=True, tag="engine-progressed"):
    """{recipe_id}: {phase}."""

    engine_id: str
    recipe_id: str
    phase: str
    percent: float | None = None  # 0 to 100, None when the phase does not tell
    overall: float | None = None  # 0 to 100, of the whole load, by what earlier ones took


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
    # the change of the recipe that would mend it
    remedy: dict[str, bool | int | str | None] = msgspec.field(default_factory=dict)


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
    remedy: dict[str, bool | int | str | None] = msgspec.field(default_factory=dict)


class EngineAdopted(Fact, frozen=True, kw_only=True, tag="engine-adopted"):
    """{recipe_id} was still running as {pid} and was taken over."""

    engine_id: str
    recipe_id: str
    pid: int
    found: str = "ready"  # ready | loading | asleep


class EngineLeftAlone(Fact, frozen=True, kw_only=True, tag="engine-left-alone"):
    """{recipe_id} still runs as {pid} and was left alone: {reason}."""

    engine_id: str
    recipe_id: str
    pid: int
    reason: str


class EngineSleepRequested(Fact, frozen=True, kw_only=True, tag="engine-sleep-requested"):
    """{recipe_id} was asked to sleep at level {level}: {reason}."""

    engine_id: str
    recipe_id: str
    level: int  # 1: the weights wait in main memory; 2: they are given up
    reason: str


class EngineFellAsleep(Fact, frozen=True, kw_only=True, tag="engine-fell-asleep"):
    """{recipe_id} fell asleep at level {level} after {seconds:.1f} s."""

    engine_id: str
    recipe_id: str
    level: int
    seconds: float
    device_bytes_freed: int  # measured, never taken from its reply
    host_bytes_freed: int  # below zero when the weights moved there
    device_bytes: int  # what it still holds, asleep
    host_bytes: int
    probe: str = ""  # the path it was asked on before it slept
    answer: str = ""  # what it said there, to be said again when it wakes


class EngineSleepFailed(Fact, frozen=True, kw_only=True, tag="engine-sleep-failed"):
    """{recipe_id} did not fall asleep: {reason}."""

    engine_id: str
    recipe_id: str
    reason: str
    code: str
    usable: bool  # whether it still serves; if not, it is ended


class EngineWakeRequested(Fact, frozen=True, kw_only=True, tag="engine-wake-requested"):
    """{recipe_id} was asked to wake up."""

    engine_id: str
    recipe_id: str


class EngineWoke(Fact, frozen=True, kw_only=True, tag="engine-woke"):
    """{recipe_id} woke up and answers after {seconds:.1f} s."""

    engine_id: str
    recipe_id: str
    seconds: float


class EngineWakeFailed(Fact, frozen=True, kw_only=True, tag="engine-wake-failed"):
    """{recipe_id} did not wake up, so it is ended and started anew: {reason}."""

    engine_id: str
    recipe_id: str
    reason: str
    code: str


class EngineLost(Fact, frozen=True, kw_only=True, tag="engine-lost"):
    """{recipe_id} was gone when vLLM Studio looked: {reason}."""

    engine_id: str
    recipe_id: str
    reason: str


class EngineMemoryMeasured(Fact, frozen=True, kw_only=True, tag="engine-memory-measured"):
    """{recipe_id} holds {amounts}."""

    engine_id: str
    recipe_id: str
    revision: int
    gpus: dict[str, int] = msgspec.field(default_factory=dict)  # bytes by GPU UUID
    host: int = 0  # bytes of main memory, 0 when it could not be read
    fingerprint: str = ""  # of what was launched; empty in a log that knows none yet

    @property
    def amounts(self) -> str:
        """In words: "1.4 GiB of main memory and 21.9 GiB of GPU memory"."""
        held = [(self.host, "main memory"), (sum(self.gpus.values()), "GPU memory")]
        told = [f"{_in_words(size)} of {what}" for size, what in held if size]
        return " and ".join(told) or "an unknown amount of memory"


def _in_words(size: int) -> str:
    if size >= GIB:
        return f"{size / GIB:.1f} GiB"
    return f"{size / MIB:.0f} MiB" if size >= MIB else f"{math.ceil(size / 1024)} KiB"
