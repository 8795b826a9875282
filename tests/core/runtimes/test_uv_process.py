"""uv is run in a clean environment, and ends with all its children when it is told to."""

import asyncio
import sys
from pathlib import Path

import psutil
import pytest

from core.runtimes.uv_process import environment, run

CHATTY = "import sys; print('one'); print('two', file=sys.stderr); print(); sys.exit(3)"

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def test_bytecode_is_not_forbidden_to_it() -> None:
    """PYTHONDONTWRITEBYTECODE would undo --compile-bytecode and double an engine's start."""
    kept = environment({"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": "x", "VIRTUAL_ENV": "y"})
    assert set(kept) == {"UV_NO_PROGRESS", "NO_COLOR"}


def test_a_local_folder_of_wheels_reaches_uv() -> None:
    """uv does not read pip's variables, so they are translated."""
    assert environment({"PIP_FIND_LINKS": "a b"})["UV_FIND_LINKS"] == "a,b"
    both = {"PIP_FIND_LINKS": "a", "UV_FIND_LINKS": "b"}
    assert environment(both)["UV_FIND_LINKS"] == "b"


async def test_every_line_is_passed_on(tmp_path: Path) -> None:
    """Both streams, in order, empty lines left out, and the exit code."""
    heard: list[str] = []

    async def hear(line: str) -> None:
        heard.append(line)

    outcome = await run(
        (sys.executable, "-u", "-c", CHATTY),
        env=environment(),
        cwd=tmp_path,
        timeout_s=30,
        on_line=hear,
    )
    assert heard == ["one", "two"]
    assert (outcome.exit_code, outcome.lines, outcome.ok) == (3, ("one", "two"), False)


async def test_cancelling_ends_the_children_too(tmp_path: Path) -> None:
    """uv starts compilers; none of them outlives a cancelled installation."""
    child = asyncio.get_running_loop().create_future()

    async def hear(line: str) -> None:
        child.set_result(int(line))

    argv = (sys.executable, "-c", PARENT)
    running = asyncio.create_task(
        run(argv, env=environment(), cwd=tmp_path, timeout_s=30, on_line=hear)
    )
    process = psutil.Process(await child)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    psutil.wait_procs([process], timeout=10)
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


async def test_a_deadline_ends_it(tmp_path: Path) -> None:
    """A step that hangs is not waited for, for ever."""
    argv = (sys.executable, "-c", "import time; time.sleep(60)")
    with pytest.raises(TimeoutError):
        await run(argv, env=environment(), cwd=tmp_path, timeout_s=0.01)
