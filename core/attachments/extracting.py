"""Files read in a child: politely, a few at a time, and not for ever."""

import asyncio
import os
import sys

import msgspec

from core.attachments.shapes import BROKEN, TOO_MUCH, Extracted, Found, NotTaken
from core.errors import Invalid, Unavailable

COMMAND = (sys.executable, "-I", "-m", "core.attachments.child")
LONGEST_S = 60.0
AT_ONCE = 2
MOST_TOLD = 96 * 2**20  # bytes of an answer; more is none of ours
_NEEDED = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "LANG", "LC_ALL")  # no secret among them


class Extracting:
    """The door to the child. Loop-bound."""

    def __init__(self, *, command: tuple[str, ...] = COMMAND, longest_s: float = LONGEST_S) -> None:
        self._command = command
        self._longest_s = longest_s
        self._room = asyncio.Semaphore(AT_ONCE)

    async def read(self, name: str, data: bytes) -> Extracted:
        """What is in it. Raises Invalid, which says why it can not be attached."""
        async with self._room:
            found = await self._asked(name, data)
        if isinstance(found, NotTaken):
            raise Invalid(
                found.message, field="file", code=found.code, next_action=found.next_action
            )
        return found

    async def _asked(self, name: str, data: bytes) -> Found:
        child = await self._started()
        try:
            async with asyncio.timeout(self._longest_s):
                told = await _talked(child, name.encode() + b"\n" + data)
        except TimeoutError:
            return TOO_MUCH
        finally:
            if child.returncode is None:
                await _ended(child)
        try:
            return _found.decode(told)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            stumbled = child.returncode is not None and child.returncode > 0
            return BROKEN if stumbled else TOO_MUCH  # killed: for memory or for time

    async def _started(self) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,  # readers complain in the words of the file
                env={key: os.environ[key] for key in _NEEDED if key in os.environ},
            )
        except OSError as problem:
            raise Unavailable(
                f"no process can be started that reads the file: {problem.strerror}",
                code="reader-unavailable",
                next_action="see that the machine has memory and processes left",
            ) from problem


async def _talked(child: asyncio.subprocess.Process, data: bytes) -> bytes:
    """The file in, the answer out, both at once: it may answer before it has read all."""
    assert child.stdout is not None
    telling = asyncio.ensure_future(_told(child, data))
    answer = bytearray()
    try:
        while piece := await child.stdout.read(2**18):
            answer += piece
            if len(answer) > MOST_TOLD:
                return b""
        await child.wait()
        return bytes(answer)
    finally:
        telling.cancel()
        await asyncio.wait((telling,))


async def _ended(child: asyncio.subprocess.Process) -> None:
    """Kill it, and take what lies in its pipe, without which the pipe is never closed."""
    assert child.stdout is not None
    child.kill()
    while await child.stdout.read(2**18):
        pass
    await child.wait()


async def _told(child: asyncio.subprocess.Process, data: bytes) -> None:
    assert child.stdin is not None
    try:
        child.stdin.write(data)
        await child.stdin.drain()
        child.stdin.close()
    except ConnectionError:  # it has ended; what it said before that counts
        pass


_found: msgspec.msgpack.Decoder[Found] = msgspec.msgpack.Decoder(Found)
