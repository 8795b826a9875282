"""One spare interpreter, seen from the app: started, asked to import, and told what to run."""

import asyncio
import contextlib
import hashlib
import logging
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from core.engines.processes import NONCE, evidence
from core.engines.processes.posix import PosixChild, PosixLauncher
from core.engines.warm.programs import LAZY, Start, words_of

log = logging.getLogger(__name__)

SCRIPT = Path(__file__).with_name("spare.py")
ACK_S = 5.0  # a spare that has imported answers in a millisecond
MOST_CHILDREN = 8  # processes that an engine spawns are kept ready up to this number, each
SHOWN = 4096  # bytes kept in its command line, so that `ps` can show the engine's later


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What a spare says when it has imported."""

    seconds: float
    processes: int
    problems: tuple[str, ...] = ()


class Spare:
    """A process that imports, or has imported, and waits. Make it with `Spare.begin`."""

    def __init__(
        self,
        start: Start,
        child: PosixChild,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self.start = start
        self.ready: Ready | None = None
        self._child = child
        self._reader, self._writer = streams

    @classmethod
    async def begin(
        cls, start: Start, *, launcher: PosixLauncher, folder: Path, nonce: str
    ) -> "Spare":
        """Start it; `folder` keeps what is noted from one start for the next."""
        cwd, notes = Path(start.cwd), folder / notes_name(start)
        _make_folders(cwd, notes)
        ours, theirs = socket.socketpair()
        title = f"spare for {start.program.entry}".ljust(SHOWN)
        with theirs:
            try:
                child = await launcher.launch(
                    [*_interpreter(start), str(SCRIPT), str(theirs.fileno()), title],
                    env=start.env,
                    cwd=cwd,
                    log_path=notes / "spare.log",
                    nonce=nonce,
                    pass_fds=(theirs.fileno(),),
                )
            except BaseException:
                ours.close()
                raise
        ours.setblocking(False)
        spare = cls(start, child, await asyncio.open_connection(sock=ours))
        await spare._send(_order(start, nonce, notes))
        return spare

    async def imported(self) -> Ready:
        """Wait until it has imported. EOFError when it died of it."""
        self.ready = msgspec.convert(await self._receive(), Ready)
        return self.ready

    def alive(self) -> bool:
        """Whether it is there to be used."""
        return self._child.alive()

    @property
    def process_group(self) -> int:
        """Its own, and its children's."""
        return self._child.identity.process_group

    async def become(
        self, argv: Sequence[str], start: Start, *, log_path: Path, nonce: str
    ) -> PosixChild | None:
        """Have it go on as this command; None when it can not, and then it is ended."""
        message = {
            "argv": words_of(argv),
            "env": {**start.env, NONCE: nonce},
            "cwd": start.cwd,
            "log": str(log_path),
        }
        try:
            async with asyncio.timeout(ACK_S):
                await self._send(message)
                await self._receive()
        except (OSError, EOFError, TimeoutError) as problem:
            log.warning("a spare did not start %s: %r", start.program.entry, problem)
        else:
            if evidence.carries(self._child.identity.pid, nonce):
                self._writer.close()
                return self._child.known_as(nonce)
        await self.end()
        return None

    async def end(self) -> None:
        """End it and everything below it."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
        await self._child.stop(0)

    async def _send(self, message: dict[str, Any]) -> None:
        body = msgspec.json.encode(message)
        self._writer.write(len(body).to_bytes(4, "big") + body)
        await self._writer.drain()

    async def _receive(self) -> Any:  # noqa: ANN401 - converted by the caller
        size = int.from_bytes(await self._reader.readexactly(4), "big")
        return msgspec.json.decode(await self._reader.readexactly(size))


def _make_folders(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _interpreter(start: Start) -> list[str]:
    """How a cold start comes to its interpreter.

    A script that begins as one for the shell does so by way of the shell, which adds to the
    environment, and from where the script really lies.
    """
    if start.script is None:
        return [start.python]
    with open(start.script, "rb") as file:
        by_the_shell = file.readline().rstrip() == b"#!/bin/sh"
    if not by_the_shell:
        return [start.python]
    python = os.path.join(os.path.dirname(os.path.realpath(start.script)), "python")
    return ["/bin/sh", "-c", 'exec "$0" "$@"', python]


def notes_name(start: Start) -> str:
    """One folder for each kind of start: by runtime and by what importing can see."""
    told = msgspec.json.encode([start.python, start.program.entry, sorted(start.importing.items())])
    runtime = Path(start.python).parent.parent.name
    return f"{runtime}-{hashlib.sha256(told).hexdigest()[:16]}"


def _order(start: Start, nonce: str, notes: Path) -> dict[str, Any]:
    program = start.program
    return {
        "title": program.entry,
        "entry": program.entry,
        "modules": {"server": program.server, "children": program.children},
        "env": {**start.env, NONCE: nonce},
        "folder": str(notes),
        "lazy": sorted(LAZY),
        "most_children": MOST_CHILDREN,
        "depth": 0,
    }


def possible() -> bool:
    """Only Linux lets a process show another environment than its first one."""
    return sys.platform == "linux"
