"""Read uv's output: which phase an installation is in, and how far. Pure.

uv names the larger downloads when they begin, with a size, and again when they are done:

    Resolved 124 packages in 1.4s
    Downloading polars-runtime-32 (42.1MiB)
     Downloaded polars-runtime-32
    Prepared 124 packages in 3.2s
    Installed 124 packages in 380ms
    Bytecode compiled 8423 files in 10.56s
"""

import re

import msgspec

_UNITS = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_DOWNLOADING = re.compile(r"^\s*Downloading (\S+) \(([\d.]+)(B|KiB|MiB|GiB)\)")
_DOWNLOADED = re.compile(r"^\s*Downloaded (\S+)")
_RESOLVED = re.compile(r"^Resolved (\d+) packages?")
_PREPARED = re.compile(r"^Prepared \d+")
_INSTALLED = re.compile(r"^Installed (\d+) packages?")
_COMPILED = re.compile(r"^Bytecode compiled")

# Where in a step each moment lies, 0 to 1; downloads move between the first two.
_AFTER_RESOLVING, _AFTER_DOWNLOADS, _AFTER_INSTALLING = 0.05, 0.70, 0.75


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One uv call within an installation: what it is called, and its share of the whole (%)."""

    title: str
    begin: float
    end: float


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """What is known after some lines of output."""

    step: Step
    detail: str = ""
    fraction: float = 0.0  # of the step
    sizes: tuple[tuple[str, int], ...] = ()  # downloads announced, bytes
    fetched: frozenset[str] = frozenset()

    @property
    def phase(self) -> str:
        """A few words for people."""
        return f"{self.step.title}: {self.detail}" if self.detail else self.step.title

    @property
    def percent(self) -> float:
        """0 to 100 over the whole installation."""
        span = self.step.end - self.step.begin
        return round(self.step.begin + span * self.fraction, 1)


def advance(progress: Progress, line: str) -> Progress:
    """What is known after one more line; lines that say nothing change nothing."""
    if match := _DOWNLOADING.match(line):
        size = int(float(match[2]) * _UNITS[match[3]])
        return _downloads(progress, sizes=(*progress.sizes, (match[1], size)))
    if match := _DOWNLOADED.match(line):
        return _downloads(progress, fetched=progress.fetched | {match[1]})
    if match := _RESOLVED.match(line):
        return _moved(progress, f"{match[1]} packages", _AFTER_RESOLVING)
    if _PREPARED.match(line):
        return _moved(progress, "unpacking", _AFTER_DOWNLOADS)
    if _INSTALLED.match(line):
        return _moved(progress, "compiling", _AFTER_INSTALLING)
    if _COMPILED.match(line):
        return _moved(progress, "compiled", 1.0)
    return progress


def _moved(progress: Progress, detail: str, fraction: float) -> Progress:
    return msgspec.structs.replace(
        progress, detail=detail, fraction=max(fraction, progress.fraction)
    )


def _downloads(
    progress: Progress,
    *,
    sizes: tuple[tuple[str, int], ...] | None = None,
    fetched: frozenset[str] | None = None,
) -> Progress:
    sizes = progress.sizes if sizes is None else sizes
    fetched = progress.fetched if fetched is None else fetched
    total = sum(size for _, size in sizes)
    done = sum(size for name, size in sizes if name in fetched)
    # Later announcements enlarge the total; what was shown never goes back.
    share = done / total if total else 0.0
    fraction = _AFTER_RESOLVING + (_AFTER_DOWNLOADS - _AFTER_RESOLVING) * share
    return msgspec.structs.replace(
        progress,
        detail=f"downloading, {done / 1024**2:.0f} of {total / 1024**2:.0f} MiB",
        fraction=max(fraction, progress.fraction),
        sizes=sizes,
        fetched=fetched,
    )
