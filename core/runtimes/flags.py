"""The flags an installed engine really has, asked of the engine itself.

Importing vLLM takes ten seconds and its virtualenv is not ours, so a small program from `probes/`
runs in the engine's own interpreter and prints JSON. The answer is kept in the runtime's folder,
under the interpreter and version it is true for, and goes away with it.
"""

import asyncio
import os
import tempfile
from pathlib import Path

import msgspec

from core.errors import Unavailable
from core.runtimes.catalogue import PROBE_ENVIRONMENT
from core.runtimes.runtime import Runtime
from core.runtimes.uv_process import environment, run

PROBES = Path(__file__).parent / "probes"
PROBE_TIMEOUT_S = 300.0

_MARK = "FLAGS-JSON:"  # engines print banners on stdout; the answer is the line that begins so


KEPT = "flags.json"  # in the runtime's own folder


class Flag(msgspec.Struct, frozen=True, kw_only=True):
    """One command-line flag, as the engine's own parser describes it."""

    dest: str
    flags: tuple[str, ...]  # every spelling: "--max-model-len", or "--x" and "--no-x"
    group: str = ""
    type: str | None = None
    nargs: int | str | None = None  # 0: a switch
    choices: tuple[str, ...] | None = None
    default: str | int | float | bool | None = None
    required: bool = False
    help: str = ""

    @property
    def is_switch(self) -> bool:
        """Whether it takes no value."""
        return self.nargs == 0


class FlagTable(msgspec.Struct, frozen=True, kw_only=True):
    """All flags of one engine version."""

    engine: str
    version: str
    flags: tuple[Flag, ...]

    def find(self, flag: str) -> Flag | None:
        """The flag with that spelling; `_` and `-` are the same, and `=value` is cut off."""
        wanted = _spelled(flag)
        return next((f for f in self.flags if any(_spelled(s) == wanted for s in f.flags)), None)

    @property
    def names(self) -> tuple[str, ...]:
        """Every spelling, for suggestions."""
        return tuple(spelling for flag in self.flags for spelling in flag.flags)


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    python: str
    version: str
    table: FlagTable


def _spelled(flag: str) -> str:
    head = flag.split("=", 1)[0]
    return head if not head.startswith("--") else "--" + head[2:].replace("_", "-")


async def read_flags(runtime: Runtime) -> FlagTable:
    """The flags of a runtime, from its kept answer or by asking it (10–50 s).

    Raises Unavailable when the engine can not say; starting it may still work.
    """
    if (table := kept_flags(runtime)) is not None:
        return table
    table = await _ask(runtime)
    await asyncio.to_thread(_keep, runtime.path / KEPT, runtime, table)
    return table


def kept_flags(runtime: Runtime) -> FlagTable | None:
    """The flags as they were read before; None when nobody asked yet. At once."""
    return _kept_table(runtime.path / KEPT, runtime)


def _kept_table(path: Path, runtime: Runtime) -> FlagTable | None:
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
    except (OSError, msgspec.MsgspecError):
        return None
    same = kept.python == _identity(runtime) and kept.version == runtime.version
    return kept.table if same else None


def _identity(runtime: Runtime) -> str:
    """The interpreter asked, wherever links to its folder lead."""
    return str(runtime.path.resolve())


def _keep(path: Path, runtime: Runtime, table: FlagTable) -> None:
    kept = _Kept(python=_identity(runtime), version=runtime.version, table=table)
    written = path.with_name(f"{path.name}.{os.getpid()}")
    written.write_bytes(msgspec.json.encode(kept))
    written.replace(path)


async def _ask(runtime: Runtime) -> FlagTable:
    probe = PROBES / f"{runtime.engine_kind}_flags.py"
    if not probe.exists():
        return FlagTable(engine=runtime.engine_kind, version=runtime.version, flags=())
    with tempfile.TemporaryDirectory() as neutral:
        outcome = await run(
            (str(runtime.python), "-I", str(probe)),
            env=environment(extra=PROBE_ENVIRONMENT),
            cwd=Path(neutral),
            timeout_s=PROBE_TIMEOUT_S,
        )
    answer = next((line for line in outcome.lines if line.startswith(_MARK)), None)
    if not outcome.ok or answer is None:
        raise Unavailable(
            f"{runtime.id} did not tell its flags: {(outcome.lines or ('no output',))[-1]}",
            code="flags-unknown",
        )
    return msgspec.json.decode(answer.removeprefix(_MARK), type=FlagTable)
