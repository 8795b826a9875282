"""Two processes never make the same runtime at the same time."""

import asyncio
import subprocess
import sys
from pathlib import Path

from core.runtimes.folder_lock import folder_lock, is_locked

HOLDER = """
import asyncio, sys
from pathlib import Path
from core.runtimes.folder_lock import folder_lock

async def hold():
    async with folder_lock(Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.readline()

asyncio.run(hold())
"""


async def test_a_second_process_waits_its_turn(tmp_path: Path) -> None:
    """The lock is taken only after its holder is gone, however it went."""
    folder = tmp_path / "vllm-1.0"
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLDER, str(folder)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    assert is_locked(folder)
    waiting = asyncio.create_task(_take(folder))
    await asyncio.sleep(0)
    assert not waiting.done()
    holder.kill()
    await holder.communicate()
    await waiting
    assert not is_locked(folder)


async def _take(folder: Path) -> None:
    async with folder_lock(folder):
        assert is_locked(folder)
