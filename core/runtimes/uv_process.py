"""Run uv: the binary of the `uv` package, a clean environment, line by line, cancellable.

The user's own uv configuration (indexes, certificates, caches) stays in force. What would bend an
installation is taken away: foreign virtualenvs, `PYTHONPATH`, and `PYTHONDONTWRITEBYTECODE`, which
would undo `--compile-bytecode` and double every start of the engine.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import uv

KEPT_LINES = 60

_BENT = (
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
    "UV_SYSTEM_PYTHON",
    "UV_TORCH_BACKEND",
    "UV_CONSTRAINT",
    "UV_OVERRIDE",
)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a command ended, and the last lines it said."""

    exit_code: int
    lines: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether it did what it was asked."""
        return self.exit_code == 0


def environment(
    environ: Mapping[str, str] | None = None, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment uv (and a runtime's interpreter) is run with.

    pip's `PIP_FIND_LINKS` is handed on as `UV_FIND_LINKS`: uv does not read pip's variables, and
    a machine that keeps wheels locally says so only there.
    """
    kept = {k: v for k, v in (os.environ if environ is None else environ).items() if k not in _BENT}
    if "UV_FIND_LINKS" not in kept and kept.get("PIP_FIND_LINKS"):
        kept["UV_FIND_LINKS"] = ",".join(kept["PIP_FIND_LINKS"].split())
    return kept | {"UV_NO_PROGRESS": "1", "NO_COLOR": "1", **(extra or {})}


def uv_command(*arguments: str) -> tuple[str, ...]:
    """The argv of a uv call; raises FileNotFoundError when the package came without its binary."""
    return (uv.find_uv_bin(), *arguments)


async def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    timeout_s: float,
    on_line: Callable[[str], Awaitable[None]] | None = None,
) -> Outcome:
    """Run to the end and pass on every line.

    Cancelled, or past `timeout_s` seconds (raises TimeoutError): the command and all it started
    are gone before this returns.
    """
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(env),
        cwd=cwd,
        limit=1024 * 1024,
        start_new_session=os.name == "posix",
    )
    lines: deque[str] = deque(maxlen=KEPT_LINES)
    try:
        async with asyncio.timeout(timeout_s):
            await _follow(process, lines, on_line)
            return Outcome(exit_code=await process.wait(), lines=tuple(lines))
    finally:
        if process.returncode is None:
            await _end(process)


async def _follow(
    process: asyncio.subprocess.Process,
    lines: deque[str],
    on_line: Callable[[str], Awaitable[None]] | None,
) -> None:
    assert process.stdout is not None
    async for raw in process.stdout:
        line = raw.decode(errors="replace").rstrip()
        if line:
            lines.append(line)
            if on_line is not None:
                await on_line(line)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the command with its children and wait for it, even while being cancelled."""
    with contextlib.suppress(ProcessLookupError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    await asyncio.shield(process.wait())
