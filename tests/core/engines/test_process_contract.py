"""One contract for real processes, cold and warm, and for the tests' fake ones."""

# ruff: noqa: D102 - the worlds' methods are named for what they do

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import msgspec
import psutil
import pytest

from core.engines.processes import Child, Launcher, system_launcher
from core.engines.processes.posix import PosixLauncher
from core.engines.warm import Spares, WarmLauncher, possible, start_of
from core.engines.warm.programs import Program
from core.engines.warm.spares import FREE_TO_MAKE, QUIET_LOOKS
from core.errors import EngineFailure
from tests.core.engines.fakes import Behaviour, FakeChild, FakeLauncher
from tests.harness.ports import free_port

PROGRAM = """
import os, signal, socket, subprocess, sys, time
polite, grandchild, port = sys.argv[1] == "polite", sys.argv[2] == "grandchild", int(sys.argv[3])
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
deaf += "print('here', flush=True); time.sleep(600)"
if grandchild:
    subprocess.Popen([sys.executable, "-c", deaf])
if not polite:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
server = socket.create_server(("127.0.0.1", port))
print("up", flush=True)
time.sleep(600)
"""

LAST_THREAD = """
import ctypes, signal, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
print("up", flush=True)
signal.sigwait([signal.SIGUSR1])
ctypes.CDLL(None).pthread_exit(None)
"""


class World(Protocol):
    """What a test needs of either kind."""

    launcher: Launcher
    port: int
    nonce: str  # of this test alone: a sweep looks at every process of the machine

    async def launch(self, *, polite: bool = True, grandchild: bool = False) -> Child: ...

    async def end_parent(self, child: Child) -> int: ...

    async def launch_missing(self) -> None: ...

    def output(self) -> str: ...


class RealWorld:
    """Real processes."""

    def __init__(self, folder: Path) -> None:
        self.launcher: Launcher = system_launcher()
        self.port = free_port()
        self.nonce = uuid4().hex
        self._folder = folder
        self._log = folder / "child.log"
        self._children: list[Child] = []
        self._program = ["-c", PROGRAM]

    async def launch(self, *, polite: bool = True, grandchild: bool = False) -> Child:
        argv = [sys.executable, *self._program, "polite" if polite else "stubborn"]
        argv += ["grandchild" if grandchild else "alone", str(self.port)]
        child = await self.launcher.launch(
            argv, env={"LANG": "C"}, cwd=self._folder, log_path=self._log, nonce=self.nonce
        )
        self._children.append(child)
        wanted = 1 + int(grandchild)
        await until(lambda: len(self.output().split()) == wanted)
        return child

    async def end_parent(self, child: Child) -> int:
        os.kill(child.identity.pid, signal.SIGKILL)
        return -9

    async def launch_missing(self) -> None:
        argv = ["/no/such/program"]
        await self.launcher.launch(
            argv, env={}, cwd=self._folder, log_path=self._log, nonce=self.nonce
        )

    def output(self) -> str:
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    async def close(self) -> None:
        for child in self._children:
            await child.stop(0)


class WarmWorld(RealWorld):
    """Real processes that had imported before they were asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "contract_program.py").write_text(PROGRAM, encoding="utf-8")
        self._program = ["-m", "contract_program"]
        program = Program(entry="contract_program", server=("json",))
        cold = PosixLauncher()
        self._spares = Spares(
            folder=folder / "warm",
            enabled=lambda: True,
            idle=lambda: True,
            available=lambda: FREE_TO_MAKE,  # however much others need just now
        )
        self.launcher = WarmLauncher(cold, self._spares, programs=[program])
        argv = [sys.executable, *self._program]
        self._start = start_of(argv, {"LANG": "C"}, folder, [program])

    async def launch(self, *, polite: bool = True, grandchild: bool = False) -> Child:
        assert self._start is not None
        self._spares.take(self._start)
        for _ in range(QUIET_LOOKS):
            await self._spares.look()
        child = await super().launch(polite=polite, grandchild=grandchild)
        assert getattr(child, "warm", False)
        return child


class FakeWorld:
    """Remembered processes."""

    def __init__(self, folder: Path) -> None:
        self.fake = FakeLauncher()
        self.launcher: Launcher = self.fake
        self.port = 4711
        self.nonce = "n1"
        self._folder = folder

    async def launch(self, *, polite: bool = True, grandchild: bool = False) -> Child:
        self.fake.behaviour = Behaviour(
            polite=polite, grandchild=grandchild, ports=(self.port,), output="up\n"
        )
        log_path = self._folder / "child.log"
        return await self.fake.launch(
            ["fake"], env={}, cwd=self._folder, log_path=log_path, nonce=self.nonce
        )

    async def end_parent(self, child: Child) -> int:
        assert isinstance(child, FakeChild)
        child.program.end_parent(-9)
        return -9

    async def launch_missing(self) -> None:
        self.fake.behaviour = Behaviour(missing=True)
        await self.fake.launch(
            ["fake"], env={}, cwd=self._folder, log_path=self._folder / "x.log", nonce=self.nonce
        )

    def output(self) -> str:
        return (self._folder / "child.log").read_text(encoding="utf-8")

    async def close(self) -> None:
        pass


async def until(true: Callable[[], bool]) -> None:
    """Wait for a point; the test's own timeout ends what never comes."""
    while not true():  # noqa: ASYNC110 - another process sets no event of ours
        await asyncio.sleep(0.01)


@pytest.fixture(
    params=[
        RealWorld,
        pytest.param(
            WarmWorld, marks=pytest.mark.skipif(not possible(), reason="warm starts need Linux")
        ),
        FakeWorld,
    ],
    ids=["real", "warm", "fake"],
)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """Both kinds, one after the other."""
    made = request.param(tmp_path)
    yield made
    await made.close()


async def test_a_launched_child_is_alive_and_its_output_is_in_the_file(world: World) -> None:
    """A child runs at once and writes to its log file, not to a pipe of ours."""
    child = await world.launch()
    assert child.alive()
    assert world.output() == "up\n"


async def test_an_exit_is_told_to_everyone_who_waits(world: World) -> None:
    """All waiters get the same exit code, also those who ask afterwards."""
    child = await world.launch()
    waiters = [asyncio.ensure_future(child.wait()) for _ in range(2)]
    code = await world.end_parent(child)
    assert await asyncio.gather(*waiters) == [code, code]
    assert await child.wait() == code


async def test_a_polite_child_is_not_forced(world: World) -> None:
    """Asking is enough for who listens."""
    child = await world.launch()
    ended = await child.stop(20)
    assert (ended.forced, ended.exit_code) == (False, -15)
    assert not child.alive()


async def test_a_stubborn_child_is_forced_after_the_grace(world: World) -> None:
    """Who ignores the asking is killed."""
    child = await world.launch(polite=False)
    ended = await child.stop(0.3)
    assert (ended.forced, ended.exit_code) == (True, -9)
    assert not child.alive()


async def test_no_grace_is_no_asking(world: World) -> None:
    """With 0 seconds it is killed at once."""
    child = await world.launch()
    assert (await child.stop(0)).exit_code == -9


@pytest.mark.skipif(sys.platform == "win32", reason="there are no zombies on Windows")
async def test_who_ends_while_it_is_looked_at_still_tells_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that is a zombie at the look, and was none a moment before, is not taken for gone."""
    world = RealWorld(tmp_path)
    child = await world.launch()
    pid, killed = child.identity.pid, False

    def killpg(_group: int, _signal: int) -> None:
        nonlocal killed
        killed = True

    def members(_group: int) -> list[int]:
        if not killed:
            return [pid]
        os.kill(pid, signal.SIGKILL)  # only now, in the middle of the look
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        return []

    monkeypatch.setattr("core.engines.processes.posix.members", members)
    monkeypatch.setattr(os, "killpg", killpg)
    assert (await child.stop(0)).exit_code == -9


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows such a zombie")
async def test_who_has_threads_left_is_no_zombie_yet(tmp_path: Path) -> None:
    """The first thread has ended and another has not: for us, and for who adopts it, it lives."""
    log = tmp_path / "child.log"
    child = await system_launcher().launch(
        [sys.executable, "-c", LAST_THREAD], env={}, cwd=tmp_path, log_path=log, nonce=uuid4().hex
    )
    await until(lambda: log.read_text(encoding="utf-8") == "up\n")
    adopted = system_launcher().adopt(child.identity)
    assert adopted is not None
    pid = child.identity.pid
    os.kill(pid, signal.SIGUSR1)
    await until(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    assert child.alive()
    assert (await adopted.stop(0)).forced
    await child.wait()
    assert not adopted.alive()


async def test_a_group_lives_while_a_grandchild_does(world: World) -> None:
    """The parent's end is not the end: what it left behind still counts, and is ended."""
    child = await world.launch(grandchild=True)
    await world.end_parent(child)
    await child.wait()
    assert child.alive()
    assert (await child.stop(0)).forced
    assert not child.alive()


async def test_stop_takes_a_deaf_grandchild_along(world: World) -> None:
    """After a stop nothing of the group is left, and it is told that force was needed."""
    child = await world.launch(grandchild=True)
    assert (await child.stop(0.6)).forced
    assert not child.alive()


async def test_stopping_again_changes_nothing(world: World) -> None:
    """Stop is idempotent."""
    child = await world.launch()
    first = await child.stop(20)
    again = await child.stop(20)
    assert again.exit_code == first.exit_code
    assert not again.forced


async def test_it_knows_whose_port_it_is(world: World) -> None:
    """Only a port that the group itself listens on is its own."""
    child = await world.launch()
    assert child.listens_on(world.port)
    assert not child.listens_on(free_port())
    await child.stop(0)
    assert not child.listens_on(world.port)


async def test_a_running_child_can_be_adopted_and_stopped(world: World) -> None:
    """Another run of ours finds it by its identity and has full power over it."""
    child = await world.launch()
    adopted = world.launcher.adopt(child.identity)
    assert adopted is not None
    assert adopted.alive()
    assert adopted.listens_on(world.port)
    await adopted.stop(20)
    assert not child.alive()
    assert await adopted.wait() is None, "nobody tells us the exit code of somebody else's child"


@pytest.mark.parametrize(
    "change", [{"nonce": "other"}, {"started_at": 12.0}, {"process_group": 1}, {"pid": 1}]
)
async def test_what_is_not_provably_ours_is_not_adopted(
    world: World, change: dict[str, object]
) -> None:
    """One wrong part of the identity is enough to keep our hands off."""
    child = await world.launch()
    assert world.launcher.adopt(msgspec.structs.replace(child.identity, **change)) is None


async def test_the_ended_are_not_adopted(world: World) -> None:
    """There is nothing to take over."""
    child = await world.launch()
    await child.stop(0)
    assert world.launcher.adopt(child.identity) is None


async def test_a_sweep_ends_what_a_dead_parent_left(world: World) -> None:
    """The grandchild carries the nonce and goes; it is counted."""
    child = await world.launch(grandchild=True)
    await world.end_parent(child)
    await child.wait()
    assert await world.launcher.sweep(world.nonce, child.identity.process_group) == 1
    assert not child.alive()


async def test_a_sweep_spares_the_group_of_others(world: World) -> None:
    """A recorded group number that now belongs to somebody else is left alone."""
    child = await world.launch()
    assert await world.launcher.sweep(uuid4().hex, child.identity.process_group) == 0
    assert child.alive()
    await child.stop(0)


async def test_what_can_not_run_is_an_engine_failure(world: World) -> None:
    """A missing program is said so, with a code."""
    with pytest.raises(EngineFailure) as refused:
        await world.launch_missing()
    assert refused.value.code == "not-executable"
