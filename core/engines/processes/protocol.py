"""The one seam to the operating system: how a server process is launched, watched and ended.

A child is a whole *process group*, never a single process: vLLM's EngineCore and workers outlive
their parent and keep the memory. A group is alive while any member of it is; zombies are not.
We touch only what we can prove is ours: pid, start time, and a nonce in the environment.
The real ones (posix.py, windows.py) and the tests' fake obey one contract test.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

NONCE = "VLLM_STUDIO_NONCE"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What proves, also after a restart of ours, that a process is the one we launched."""

    pid: int
    process_group: int
    started_at: float  # seconds since the epoch, as the system tells it
    nonce: str


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a stop went; every process of the group is gone."""

    exit_code: int | None  # negative: the signal; None: not our own child, so nobody told us
    forced: bool  # the grace period ran out and the group was killed
    seconds: float


class Child(Protocol):
    """A launched or adopted server with everything it forked."""

    @property
    def identity(self) -> Identity:
        """Who it is."""
        ...

    @property
    def warm(self) -> bool:
        """Whether it had imported its engine before it was asked for; adopted ones: no."""
        ...

    async def wait(self) -> int | None:
        """Return when the launched process itself has ended: its exit code, as in `Ended`.

        May be awaited by several at once, and again afterwards.
        """
        ...

    def alive(self) -> bool:
        """Whether any process of the group still runs."""
        ...

    def listens_on(self, port: int) -> bool:
        """Whether a process of the group owns the listening TCP port: the answer is ours."""
        ...

    async def stop(self, grace_s: float) -> Ended:
        """Ask politely, insist after `grace_s` seconds, return when the group is verified gone.

        Idempotent; with 0 seconds it is killed at once.
        """
        ...


class Launcher(Protocol):
    """Starts children in a process group of their own, and finds them again."""

    async def launch(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log_path: Path,
        nonce: str,
    ) -> Child:
        """Start a program with exactly `env` plus the nonce; its output goes to `log_path`.

        The file, not a pipe of ours: the child may outlive us.
        Raises EngineFailure (code "not-executable") when the system refuses.
        """
        ...

    def adopt(self, identity: Identity) -> Child | None:
        """The running child with this identity, or None when it is gone or not provably ours."""
        ...

    async def sweep(self, nonce: str, process_group: int | None = None) -> int:
        """Kill what is left of a launch whose parent is gone; how many processes that were.

        A process is ours when it carries the nonce, or shares the group with one that does.
        """
        ...
