"""A small engine whose module takes long to import in earnest, and spares for it."""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from core.engines.processes.posix import PosixChild, PosixLauncher
from core.engines.warm import Spares, Start, WarmLauncher, start_of
from core.engines.warm.programs import Program
from core.engines.warm.spare_process import Spare
from core.engines.warm.spares import QUIET_LOOKS

ENV = {"LANG": "C", "CHOICE": "a", "SPT_NOENV": "1"}

HEAVY = """
import os
os.environ["SET_BY_IMPORTING"] = "yes"
imported_by = os.getpid()
print("heavy imports", flush=True)
"""

ENGINE = """
import json, multiprocessing, os, sys
import heavy

def tell(who, pipe=None):
    told = {"who": who, "argv": sys.argv[1:], "cwd": os.getcwd(), "path": sys.path[0]}
    told |= {"env": dict(os.environ), "main": sys.modules["__main__"].__spec__.name}
    told |= {"limit": __import__("resource").getrlimit(7), "pid": os.getpid()}
    told |= {"imported_here": heavy.imported_by == os.getpid()}
    print("TOLD " + json.dumps(told), flush=True)

def child(pipe, below):
    tell("child")
    if below:
        spawn(0)
    pipe.send(os.getpid())
    import time
    time.sleep(600)

def spawn(below):
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    os.environ["FOR_CHILDREN"] = "2" if "other" in sys.argv else "1"
    process = context.Process(target=child, args=(theirs, below), daemon=not below)
    process.start()
    assert ours.recv() == process.pid, "the pid that the parent has is the child's"
    return process

if __name__ == "__main__":
    tell("server")
    if "spawn" in sys.argv:
        spawn(1)
    print("UP", flush=True)
    import time
    time.sleep(600)
"""

SCRIPT_TEXT = """#!/bin/sh
'''exec' "$(dirname -- "$0")"/python "$0" "$@"
' '''
import json, multiprocessing, os, sys

def child(who):
    told = {"who": who, "argv": sys.argv, "path": sys.path[0], "file": __file__, "pid": 0}
    print("TOLD " + json.dumps({**told, "env": dict(os.environ)}), flush=True)

if __name__ == "__main__":
    child("script")
    process = multiprocessing.get_context("spawn").Process(target=child, args=("child",))
    process.start()
    process.join()
    print("UP", flush=True)
    sys.exit(process.exitcode + 7)
"""

SCRIPT = Program(entry="small-engine", server=("json",), children=("json",))
PROGRAM = Program(entry="small_engine", server=("heavy",), children=("heavy",))


class World:
    """Cold and warm starts of the small engine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.enabled, self.idle, self.memory = True, True, 64 * 1024**3
        self.cold = PosixLauncher()
        self.spares = Spares(
            folder=folder / "warm",
            enabled=lambda: self.enabled,
            idle=lambda: self.idle,
            available=lambda: self.memory,
        )
        self.launcher = WarmLauncher(self.cold, self.spares, programs=[PROGRAM, SCRIPT])
        self.children: list[PosixChild] = []
        (folder / "heavy.py").write_text(HEAVY, encoding="utf-8")
        (folder / "small_engine.py").write_text(ENGINE, encoding="utf-8")

    def script(self) -> list[str]:
        """The command of a script beside an interpreter, as `vllm serve` is one."""
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        if not (folder / "python").exists():
            (folder / "python").symlink_to(sys.executable)
        (folder / SCRIPT.entry).write_text(SCRIPT_TEXT, encoding="utf-8")
        (folder / SCRIPT.entry).chmod(0o755)
        return [str(folder / SCRIPT.entry), "serve"]

    def argv(self, *words: str) -> list[str]:
        """The engine's command."""
        return [sys.executable, "-m", PROGRAM.entry, *words]

    def start(self, env: Mapping[str, str] = ENV) -> Start:
        """The start that it is."""
        start = start_of(self.argv(), env, self.folder, [PROGRAM])
        assert start is not None
        return start

    async def begin(self, start: Start) -> Spare:
        """A spare for itself."""
        return await Spare.begin(
            start, launcher=self.cold, folder=self.folder / "warm", nonce=uuid4().hex
        )

    async def make_spare(self, env: Mapping[str, str] = ENV) -> None:
        """Have one ready."""
        self.spares.take(self.start(env))
        for _ in range(QUIET_LOOKS):
            await self.spares.look()

    async def launch(
        self, *words: str, env: Mapping[str, str] = ENV, nonce: str | None = None
    ) -> tuple[PosixChild, Path]:
        """The child, and its log."""
        log_path = self.folder / f"{uuid4().hex}.log"
        child = await self.launcher.launch(
            self.argv(*words),
            env=env,
            cwd=self.folder,
            log_path=log_path,
            nonce=nonce or uuid4().hex,
        )
        assert isinstance(child, PosixChild)
        self.children.append(child)
        return child, log_path


@asynccontextmanager
async def a_world(folder: Path) -> AsyncIterator[World]:
    """Everything that was started in it is ended."""
    world = World(folder)
    try:
        yield world
    finally:
        world.enabled = False
        await world.spares.look()
        for child in world.children:
            await child.stop(0)
