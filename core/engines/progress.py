"""From log lines to "loading weights, 45 %": what an engine is doing while it loads.

Lines come many to the second (progress bars); the log of facts wants few. A step is told when the
phase changes, or when it is at least 5 % and one second after the last. What is shown meanwhile
(`estimate`) follows every line, and its percentage, that of the whole load, never falls.
"""

import re

import msgspec

from core.engines.load_plan import LAUNCHING, Estimate, Plan, estimate, typical

STEP_PERCENT = 5.0
STEP_SECONDS = 1.0

# Phases in the order they happen; a later line never brings an earlier phase back.
PHASES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("starting", re.compile(r"API server version|non-default args|server_args=", re.I)),
    (
        "starting the engine core",
        re.compile(r"Initializing a V\d LLM engine|Init torch distributed begin"),
    ),
    (
        "downloading",
        re.compile(
            r"Fetching \d+ files|Downloading|Time spent downloading weights"
            r"|\.(?:safetensors|bin|gguf): +\d+%\|"
        ),
    ),
    (
        "loading weights",
        re.compile(
            r"Starting to load model|Loading (?:\w+ checkpoint shards|model weights)"
            r"|Load weight (?:begin|end)|Loading checkpoint shards|Loading weights"
            r"|Loading safetensors using|multi-thread loading|Prefetching checkpoint files"
            r"|Model loading took|Loading model from|Loading drafter model"
            r"|llama_model_loader: loaded meta|load_tensors: loading model tensors",
            re.I,
        ),
    ),
    (
        "compiling",
        re.compile(
            r"torch\.compile takes|torch\.compile took|for vLLM's torch\.compile"
            r"|Starting torch\.compile|Dynamo bytecode transform|Compiling a graph|Start compiling"
            r"|Directly load (?:AOT compilation|the compiled graph)"
            r"|Warming up model for the compilation"
        ),
    ),
    (
        "profiling memory",
        re.compile(
            r"Available KV cache memory|KV cache size:|Memory pool end|KV Cache is alloc"
            r"|Memory profiling takes|# GPU blocks:|Profiling CUDA graph memory"
            r"|llama_kv_cache\w*: size|llama_context: constructing"
        ),
    ),
    ("tuning kernels", re.compile(r"Autotuning process starts|DeepGEMM warm|Warming up DeepGEMM")),
    (
        "capturing graphs",
        re.compile(
            r"Captur\w+ (?:piecewise )?cuda graph|Graph capturing|Capturing batc"
            r"|Capturing (?:prefill|decode) CUDA|Capturing cudagraphs",
            re.I,
        ),
    ),
    (
        "warming up",
        re.compile(
            r"init engine \(profile|Application startup complete|Uvicorn running|fired up"
            r"|warming up the model with an empty run|server is listening"
        ),
    ),
)
ORDER = (LAUNCHING, *(name for name, _ in PHASES))
RANK = {name: rank for rank, name in enumerate(ORDER)}
WARNING = re.compile(r"^.{0,40}\bWARN")  # "disabling torch.compile" is no compiling
PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)\s?%(?:\||\s|$)")
DONE = re.compile(
    r"Loading weights took|Load weight end|Capture cuda graph end|Graph capturing fin"
)
BESIDE = re.compile(r"Prefetching checkpoint files")  # reads ahead: no measure of the phase itself
WITH_PERCENT = frozenset({"downloading", "loading weights", "compiling", "capturing graphs"})


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A phase and how far it is in itself; `percent` is None where the phase does not tell."""

    phase: str
    percent: float | None = None


def read_line(line: str) -> Step | None:
    """What one log line tells, or None when it is about something else."""
    if WARNING.search(line):
        return None
    for phase, pattern in reversed(PHASES):
        if pattern.search(line):
            return Step(phase=phase, percent=_percent(phase, line))
    return None


def _percent(phase: str, line: str) -> float | None:
    if phase not in WITH_PERCENT or BESIDE.search(line):
        return None
    if DONE.search(line):
        return 100.0
    found = PERCENT.search(line)
    return min(100.0, float(found.group(1))) if found else None


class Progress:
    """Coalesces steps and estimates. Pure but for what it remembers; time comes in, monotonic."""

    def __init__(self, plan: Plan | None = None, *, began: float = 0.0) -> None:
        self._plan = plan or typical("vllm")
        self._began = began
        self._phase = LAUNCHING
        self._phase_began = began
        self._done: float | None = None  # the phase's own progress bar, 0 to 1; it only grows
        self._shown = 0.0  # the whole load's percentage that was shown: it never falls
        self._told: Step | None = None
        self._told_at = 0.0
        self._seen: Step | None = None
        self.moved_at: float | None = None  # when any step differed from the one before it

    def follow(self, plan: Plan, now: float) -> None:
        """The process runs from now on, and this is what is known of such loads."""
        self._plan, self._began, self._phase_began = plan, now, now

    def feed(self, lines: list[str], now: float) -> list[Step]:
        """Which of the steps in these lines are worth telling."""
        worth = []
        for step in filter(None, map(read_line, lines)):
            if step != self._seen:
                self._seen, self.moved_at = step, now
            self._follow_step(step, now)
            if self._is_news(step, now):
                self._told, self._told_at = step, now
                worth.append(step)
        return worth

    def estimate(self, now: float) -> Estimate:
        """Where the load stands now."""
        made = estimate(
            self._plan,
            self._phase,
            now - self._phase_began,
            elapsed_s=now - self._began,
            done=self._done,
            order=ORDER,
        )
        self._shown = max(self._shown, made.percent)
        return msgspec.structs.replace(made, percent=self._shown)

    def _follow_step(self, step: Step, now: float) -> None:
        if RANK[step.phase] > RANK[self._phase]:
            self.estimate(now)  # what was reached counts, though nobody looked
            self._phase, self._phase_began, self._done = step.phase, now, None
        if step.phase == self._phase and step.percent is not None:
            self._done = max(self._done or 0.0, step.percent / 100.0)

    def _is_news(self, step: Step, now: float) -> bool:
        told = self._told
        if told is None or RANK[step.phase] != RANK[told.phase]:
            return told is None or RANK[step.phase] > RANK[told.phase]
        if step.percent is None:
            return False
        far = step.percent - (told.percent or 0.0) >= STEP_PERCENT
        return far and now - self._told_at >= STEP_SECONDS
