"""Processes that are only remembered: the same promises as real ones, and no time passes.

`test_process_contract.py` holds them and the real ones to one contract.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from core.engines.health import READY, Health
from core.engines.launch_spec import LaunchSpec
from core.engines.lifecycle import Failure, Slept
from core.engines.probe import Target
from core.engines.processes import Ended, Identity
from core.engines.sleeping import NotSlept
from core.errors import EngineFailure

NOT_YET = Health(verdict="not yet", why="it does not answer yet")


@dataclass
class Behaviour:
    """How a fake program takes things."""

    polite: bool = True  # ends when asked
    grandchild: bool = False  # forks one that outlives its parent and does not listen to asking
    missing: bool = False  # can not be executed
    ports: tuple[int, ...] = ()
    output: str = ""  # written to the log when it starts


@dataclass
class Program:
    """One fake process group."""

    identity: Identity
    behaviour: Behaviour
    env: Mapping[str, str] = field(default_factory=dict)
    parent_alive: bool = True
    grandchild_alive: bool = False
    exit_code: int | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def running(self) -> int:
        """How many processes of the group run."""
        return int(self.parent_alive) + int(self.grandchild_alive)

    def end_parent(self, code: int) -> None:
        """The launched process ends; a grandchild stays."""
        if self.parent_alive:
            self.parent_alive, self.exit_code = False, code
            self.ended.set()

    def kill(self) -> None:
        """SIGKILL to everyone."""
        self.end_parent(-9)
        self.grandchild_alive = False


class FakeChild:
    """A `Child` over a fake program."""

    warm = False

    def __init__(self, program: Program, *, own: bool = True) -> None:
        self.program = program
        self._own = own
        self.graces: list[float] = []

    @property
    def identity(self) -> Identity:
        """See `Child`."""
        return self.program.identity

    async def wait(self) -> int | None:
        """See `Child`."""
        await self.program.ended.wait()
        return self.program.exit_code if self._own else None

    def alive(self) -> bool:
        """See `Child`."""
        return self.program.running > 0

    def listens_on(self, port: int) -> bool:
        """See `Child`."""
        return self.alive() and port in self.program.behaviour.ports

    async def stop(self, grace_s: float) -> Ended:
        """See `Child`."""
        self.graces.append(grace_s)
        if not self.alive():
            return Ended(exit_code=self.program.exit_code, forced=False, seconds=0.0)
        if grace_s > 0 and self.program.behaviour.polite:
            self.program.end_parent(-15)
        forced = self.alive()
        self.program.kill()
        await asyncio.sleep(0)
        code = self.program.exit_code if self._own else None
        return Ended(exit_code=code, forced=forced, seconds=grace_s if forced else 0.0)


class FakeLauncher:
    """A `Launcher` that remembers what it launched; `behaviour` is taken by the next launch."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.launched: list[FakeChild] = []
        self._pids = count(1001)

    @property
    def programs(self) -> list[Program]:
        """Everything that was launched, in order."""
        return [child.program for child in self.launched]

    async def launch(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log_path: Path,
        nonce: str,
    ) -> FakeChild:
        """See `Launcher`."""
        if self.behaviour.missing:
            raise EngineFailure(f"{argv[0]} could not be started", code="not-executable")
        with log_path.open("a", encoding="utf-8") as log:
            log.write(self.behaviour.output)
        pid = next(self._pids)
        identity = Identity(pid=pid, process_group=pid, started_at=float(pid), nonce=nonce)
        program = Program(
            identity=identity,
            behaviour=self.behaviour,
            env=dict(env),
            grandchild_alive=self.behaviour.grandchild,
        )
        child = FakeChild(program)
        self.launched.append(child)
        return child

    def adopt(self, identity: Identity) -> FakeChild | None:
        """See `Launcher`."""
        for program in self.programs:
            if program.identity == identity and program.parent_alive:
                return FakeChild(program, own=False)
        return None

    async def sweep(self, nonce: str, process_group: int | None = None) -> int:
        """See `Launcher`."""
        ours = [p for p in self.programs if p.identity.nonce == nonce]
        swept = sum(program.running for program in ours)
        for program in ours:
            program.kill()
        return swept


class StillClock:
    """Time that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> int:
        """Microseconds since an epoch of its own."""
        return int(self.seconds * 1e6)

    def monotonic(self) -> float:
        """Seconds."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Let the time pass and everybody else have a turn."""
        self.seconds += seconds
        await asyncio.sleep(0)


class ScriptedHealth:
    """Answers looks as told; until then nobody answers."""

    def __init__(self) -> None:
        self.health = NOT_YET
        self.looks = 0

    async def __call__(self, spec: LaunchSpec, port: int, is_ours: Callable[[int], bool]) -> Health:
        """One look."""
        self.looks += 1
        await asyncio.sleep(0)
        return self.health

    def becomes_ready(self) -> None:
        """From now on it answers."""
        self.health = READY


class ScriptedSleeping:
    """Puts to sleep and wakes as told; `gate` holds both back until it is set."""

    def __init__(self) -> None:
        self.not_slept: NotSlept | None = None
        self.not_awake: Failure | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked: list[str] = []
        self.limits: list[float] = []

    async def fall_asleep(self, target: Target, level: int) -> Slept | NotSlept:
        """See `Sleeping`."""
        self.asked.append(f"sleep {level}")
        await self.gate.wait()
        await asyncio.sleep(0)
        return self.not_slept or Slept(
            level=level,
            seconds=0.5,
            device_bytes_freed=9,
            host_bytes_freed=-5,
            device_bytes=1,
            host_bytes=6,
            probe="/v1/chat/completions",
            answer="Hello",
        )

    async def wake(self, target: Target, slept: Slept, limit_s: float) -> Failure | None:
        """See `Sleeping`."""
        self.asked.append(f"wake from {slept.level}")
        self.limits.append(limit_s)
        await self.gate.wait()
        await asyncio.sleep(0)
        return self.not_awake
