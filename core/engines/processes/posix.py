"""Process groups on Linux and macOS.

A child starts a session of its own, so its pid is also its group. It is reaped by us and not by
`subprocess` or asyncio: both would end or complain about a child that outlives them, and ours do.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil

from core.engines.processes import evidence
from core.engines.processes.protocol import NONCE, Ended, Identity
from core.errors import EngineFailure

LOOK_S = 0.05  # how often a dying group is looked at
KILLED_S = 10.0  # after SIGKILL; longer only in an uninterruptible system call


class PosixLauncher:
    """Starts children in sessions of their own."""

    async def launch(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log_path: Path,
        nonce: str,
        pass_fds: Sequence[int] = (),
    ) -> "PosixChild":
        """See `Launcher.launch`. `pass_fds` stay open in the child, besides 0, 1 and 2."""
        try:
            with log_path.open("ab") as log:
                process = subprocess.Popen(  # noqa: ASYNC220 - a fork: milliseconds, nothing to wait for
                    argv,
                    env={**env, NONCE: nonce},
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=pass_fds,
                )
        except OSError as problem:
            raise not_executable(argv[0], problem) from problem
        started = evidence.started_at(process.pid)
        process.returncode = 0  # from here on we reap it: Popen must neither wait nor complain
        group = process.pid
        identity = Identity(pid=process.pid, process_group=group, started_at=started, nonce=nonce)
        return PosixChild(identity, own=True)

    def adopt(self, identity: Identity) -> "PosixChild | None":
        """See `Launcher.adopt`."""
        if not evidence.proven(identity) or identity.pid not in members(identity.process_group):
            return None
        return PosixChild(identity, own=False)

    async def sweep(self, nonce: str, process_group: int | None = None) -> int:
        """See `Launcher.sweep`."""
        doomed = set(evidence.carriers(nonce))
        group = members(process_group) if process_group is not None else []
        if doomed & set(group):
            doomed |= set(group)
        for pid in doomed:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        await _until(lambda: not any(evidence.running(pid) for pid in doomed), KILLED_S)
        return len(doomed)


class PosixChild:
    """One process group."""

    def __init__(self, identity: Identity, *, own: bool, warm: bool = False) -> None:
        self._identity = identity
        self.warm = warm  # it had imported its engine before it was asked for
        self._own = own  # adopted ones are somebody else's children: no exit code to be had
        self._ended = False
        self._exit_code: int | None = None

    @property
    def identity(self) -> Identity:
        """See `Child.identity`."""
        return self._identity

    def known_as(self, nonce: str) -> "PosixChild":
        """The same process under the nonce that it carries now; this object is done with."""
        identity = msgspec.structs.replace(self._identity, nonce=nonce)
        return PosixChild(identity, own=self._own, warm=True)

    async def wait(self) -> int | None:
        """See `Child.wait`."""
        if self._reap():
            return self._exit_code
        try:
            ending = os.pidfd_open(self._identity.pid)  # Linux: told at once, children or not
        except (AttributeError, OSError):
            while not self._reap():  # noqa: ASYNC110 - nobody could set an event
                await asyncio.sleep(LOOK_S)
            return self._exit_code
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(ending, told.set)
        try:
            await told.wait()
        finally:
            loop.remove_reader(ending)
            os.close(ending)
        self._reap()
        return self._exit_code

    def alive(self) -> bool:
        """See `Child.alive`."""
        group = members(self._identity.process_group)
        buried = self._reap()  # after the look: who ended just before it has told its code
        return bool(group) or (self._own and not buried)

    def listens_on(self, port: int) -> bool:
        """See `Child.listens_on`."""
        return evidence.any_listens(members(self._identity.process_group), port)

    async def stop(self, grace_s: float) -> Ended:
        """See `Child.stop`.

        1. The parent alone is asked: vLLM's takes its own children down in order.
        2. When it is gone, or half the grace is over (a wrapper that does not pass signals on),
           the whole group is asked.
        3. When the grace is over the whole group is killed.
        """
        began, forced = time.monotonic(), False
        if self.alive() and grace_s > 0:
            self._signal_parent()  # 1
            await _until(self._parent_gone, grace_s / 2)
            left = grace_s - (time.monotonic() - began)
            if not await _until(self._gone, 0):
                self._signal_group(signal.SIGTERM)  # 2
                await _until(self._gone, left)
        if self.alive():
            forced = True
            self._signal_group(signal.SIGKILL)  # 3
            await _until(self._gone, KILLED_S)
        return Ended(exit_code=self._exit_code, forced=forced, seconds=time.monotonic() - began)

    def _signal_parent(self) -> None:
        if not self._ended and (self._own or evidence.proven(self._identity)):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self._identity.pid, signal.SIGTERM)

    def _signal_group(self, number: signal.Signals) -> None:
        if self._group_is_ours():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._identity.process_group, number)

    def _group_is_ours(self) -> bool:
        """Numbers are used again, but never while a member lives: our own child's group is ours.

        Of an adopted one the parent is there, or somebody carries the nonce where it died unseen.
        """
        if self._own or evidence.same(self._identity):
            return True
        group = members(self._identity.process_group)
        return any(evidence.carries(pid, self._identity.nonce) for pid in group)

    def _gone(self) -> bool:
        return not self.alive()

    def _parent_gone(self) -> bool:
        return self._reap()

    def _reap(self) -> bool:
        """Whether the parent has ended; our own child is buried on the way."""
        if self._ended:
            return True
        if not self._own:
            self._ended = evidence.running(self._identity.pid) is None
            return self._ended
        try:
            pid, status = os.waitpid(self._identity.pid, os.WNOHANG)
        except ChildProcessError:  # somebody else buried it
            self._ended = True
            return True
        if pid:
            self._ended = True
            self._exit_code = os.waitstatus_to_exitcode(status)
        return self._ended


def members(process_group: int) -> list[int]:
    """The running (not zombie) processes of a group."""
    return [pid for pid in _pids_of(process_group) if evidence.running(pid) is not None]


def _pids_of(process_group: int) -> list[int]:
    found = []
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getpgid(pid) == process_group:
                found.append(pid)
    return found


def not_executable(program: str, problem: OSError) -> EngineFailure:
    """The system refused to start it: missing, not executable, or the wrong machine."""
    return EngineFailure(
        f"{program} could not be started: {problem.strerror or problem}",
        code="not-executable",
        next_action="Check the recipe's command, or reinstall the runtime.",
    )


async def _until(done: Callable[[], bool], seconds: float) -> bool:
    """Look until it is done or the time is over."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(LOOK_S)
    return True
