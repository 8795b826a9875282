"""From log lines to "loading weights, 45 %": what an engine is doing while it loads.

Lines come many to the second (progress bars); the log of facts wants few. A step is told when the
phase changes, or when it is at least 5 % and one second after the last.
"""

import re

import msgspec

STEP_PERCENT = 5.0
STEP_SECONDS = 1.0

# Phases in the order they happen; a later line never brings an earlier phase back.
PHASES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("starting", re.compile(r"API server version|non-default args|server_args=", re.I)),
    ("starting the engine core", re.compile(r"Initializing a V\d LLM engine")),
    ("downloading", re.compile(r"Fetching \d+ files|Downloading|Time spent downloading weights")),
    (
        "loading weights",
        re.compile(
            r"Starting to load model|Loading (?:safetensors|pt|model) (?:checkpoint|weights)"
            r"|Load weight begin|Loading checkpoint shards|Loading weights|multi-thread loading",
            re.I,
        ),
    ),
    (
        "compiling",
        re.compile(
            r"torch\.compile takes|for vLLM's torch\.compile|Dynamo bytecode transform"
            r"|Compiling a graph|Start compiling",
            re.I,
        ),
    ),
    (
        "profiling memory",
        re.compile(r"Available KV cache memory|KV cache size|Memory pool end|KV Cache is alloc"),
    ),
    (
        "capturing graphs",
        re.compile(r"Captur\w+ (?:CUDA|cuda) graph|Graph capturing|Capturing batc"),
    ),
    (
        "warming up",
        re.compile(r"init engine \(profile|Application startup complete|Uvicorn running|fired up"),
    ),
)
WARNING = re.compile(r"^.{0,40}\bWARN")  # "disabling torch.compile" is no compiling
PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)\s?%")
WITH_PERCENT = frozenset({"downloading", "loading weights", "compiling", "capturing graphs"})


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A phase and how far it is; `percent` is None where the phase does not tell."""

    phase: str
    percent: float | None = None


def read_line(line: str) -> Step | None:
    """What one log line tells, or None when it is about something else."""
    if WARNING.search(line):
        return None
    for phase, pattern in reversed(PHASES):
        if pattern.search(line):
            found = PERCENT.search(line) if phase in WITH_PERCENT else None
            percent = min(100.0, float(found.group(1))) if found else None
            return Step(phase=phase, percent=percent)
    return None


class Progress:
    """Coalesces steps. Pure but for what it remembers; time comes in, in monotonic seconds."""

    def __init__(self) -> None:
        self._rank = -1
        self._told: Step | None = None
        self._told_at = 0.0
        self._seen: Step | None = None
        self.moved_at: float | None = None  # when any step differed from the one before it

    def feed(self, lines: list[str], now: float) -> list[Step]:
        """Which of the steps in these lines are worth telling."""
        worth = []
        for step in filter(None, map(read_line, lines)):
            if step != self._seen:
                self._seen, self.moved_at = step, now
            if self._is_news(step, now):
                self._rank = _rank(step.phase)
                self._told, self._told_at = step, now
                worth.append(step)
        return worth

    def _is_news(self, step: Step, now: float) -> bool:
        if _rank(step.phase) != self._rank:
            return _rank(step.phase) > self._rank
        before = self._told.percent if self._told is not None else None
        if step.percent is None or step.percent == before:
            return False
        far = abs(step.percent - (before or 0.0)) >= STEP_PERCENT
        return far and now - self._told_at >= STEP_SECONDS


def _rank(phase: str) -> int:
    return [name for name, _ in PHASES].index(phase)
