"""The C programs beside the benchmarks: compiled once for each version of their source, and run."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

SOURCES = Path(__file__).parent / "native"
FLAGS = ("-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror")


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What clients do. With `rate` they read paced streams of `tokens`, so many a second each."""

    clients: int = 1
    seconds: float = 1.0
    warmup: float = 0.2
    rate: float = 0.0
    tokens: int = 100
    leave: float = 0.0  # the share of streams whose client leaves in the middle
    body: int = 2048

    @property
    def words(self) -> tuple[str, ...]:
        """As load's command line."""
        fields = ("clients", "seconds", "warmup", "tokens", "leave", "body")
        told = [word for name in fields for word in (f"--{name}", str(getattr(self, name)))]
        return (*told, "--stream", "--rate", str(self.rate)) if self.rate else tuple(told)


class Samples(msgspec.Struct, frozen=True, kw_only=True):
    """Some times, in µs."""

    count: int
    p50: int
    p99: int
    max: int


class Everything(msgspec.Struct, frozen=True, kw_only=True):
    """All requests of a run, by how they ended."""

    sent: int
    whole: int
    left: int  # the client left, as it was told to
    refused: int  # any status but 200
    broken: int  # an error in the stream, no end, or the connection lost
    unfinished: int  # when nobody waited any longer
    unsent: int  # no connection to be had; not in `sent`
    tokens: int


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """What came in the measured seconds."""

    seconds: float
    requests: int
    tokens: int
    offered: int  # tokens that would have come at the full pace


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of load.c tells."""

    all: Everything
    statuses: dict[str, int]
    window: Window
    latency_us: Samples | None = None
    ttft_us: Samples | None = None
    gap_us: Samples | None = None


def built(name: str) -> Path:
    """The program, compiled now unless it was before. Exits with a sentence when it can not be."""
    if not sys.platform.startswith("linux"):
        sys.exit("The load generator uses epoll: run this benchmark on Linux.")
    content = b"".join(one.read_bytes() for one in sorted(SOURCES.glob("*.[ch]")))
    folder = Path(tempfile.gettempdir()) / f"vllm-studio-bench-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    program = folder / f"{name}-{hashlib.sha256(content).hexdigest()[:16]}"
    if not program.exists():
        _compile(SOURCES / f"{name}.c", program)
    return program


def built_library(name: str) -> Path:
    """A library that is loaded before others, compiled when it is not there yet."""
    source = SOURCES / f"{name}.c"
    folder = Path(tempfile.gettempdir()) / f"vllm-studio-bench-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    version = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    library = folder / f"{name}-{version}.so"
    if not library.exists():
        _compile(source, library, "-shared", "-fPIC", "-ldl", "-lpthread")
    return library


def _compile(source: Path, program: Path, *more: str) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        sys.exit(
            f"{source.name} is a C program, and there is no C compiler here: "
            "install one (Debian: apt-get install gcc libc6-dev)."
        )
    half = program.with_name(f"{program.name}.{os.getpid()}")
    subprocess.run([compiler, *FLAGS, str(source), "-o", str(half), *more], check=True)
    half.rename(program)


def start_upstream(port: int) -> subprocess.Popen[bytes]:
    """The engine in C, on this port."""
    return subprocess.Popen([str(built("upstream")), "--port", str(port)])


def load_command(
    port: int, shape: Shape, *, model: str, headers: Sequence[str] = ()
) -> tuple[str, ...]:
    """The command line of one run of clients."""
    told = [word for header in headers for word in ("--header", header)]
    return (str(built("load")), "--port", str(port), "--model", model, *told, *shape.words)


def load(port: int, shape: Shape, *, model: str, headers: Sequence[str] = ()) -> Load:
    """Run the clients, and wait until they are through."""
    command = load_command(port, shape, model=model, headers=headers)
    return read_load(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def read_load(printed: bytes) -> Load:
    """What load.c printed."""
    told: dict[str, Any] = json.loads(printed)
    return msgspec.convert(told, Load)
