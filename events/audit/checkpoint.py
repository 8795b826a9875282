"""Checkpoints (C2SP tlog-checkpoint): how long a log was and what its root was, signed.

    vllm-studio.local/log/<log id>      the origin: which log
    1234                                its size: positions 1 to 1234
    base64 of the root                  RFC 6962's hash of those lines

Whoever keeps one outside the machine can tell later whether anything before it was changed, or
whether the log is shorter than it was.
"""

import base64
import binascii
from collections.abc import Iterable

import msgspec

from events.audit.note import NoteInvalid, Signer, Verifier, opened, parted

ORIGIN = "vllm-studio.local/log/"
MOST_DIGITS = 19  # of a size


class Checkpoint(msgspec.Struct, frozen=True):
    """What is signed."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """As a note's text."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @property
    def log_id(self) -> str:
        """Which log it is about; empty when the origin is not one of ours."""
        return self.origin.removeprefix(ORIGIN) if self.origin.startswith(ORIGIN) else ""


def origin_of(log_id: str) -> str:
    """The name under which a log's checkpoints are signed."""
    return ORIGIN + log_id


def signer_for(log_id: str, seed: bytes) -> Signer:
    """Who signs this log's checkpoints; `seed` is the 32 bytes of the studio's audit key."""
    return Signer(origin_of(log_id), seed)


def signed(checkpoint: Checkpoint, signer: Signer) -> str:
    """Make the signed note."""
    return signer.sign(checkpoint.text())


def read(note: str, verifiers: Iterable[Verifier]) -> Checkpoint:
    """Read a checkpoint that one of them signed. Raises NoteInvalid."""
    return parse(opened(note, verifiers))


def peek(note: str) -> Checkpoint:
    """Read a checkpoint without asking who signed it. Raises NoteInvalid."""
    return parse(parted(note)[0])


def parse(text: str) -> Checkpoint:
    """Read a checkpoint's text; further lines are extensions and passed over."""
    lines = text.split("\n")
    if len(lines) < 4 or not lines[0] or lines[-1]:
        raise NoteInvalid("a checkpoint is three lines: origin, size, root")
    size, root = lines[1], _root(lines[2])
    if not (size.isascii() and size.isdigit()) or (size != "0" and size[0] == "0"):
        raise NoteInvalid("the second line of a checkpoint is the size of the log")
    if len(size) > MOST_DIGITS:
        raise NoteInvalid("no log is as long as the second line of this checkpoint says")
    if len(root) != 32:
        raise NoteInvalid("the third line of a checkpoint is the root, in base64")
    return Checkpoint(lines[0], int(size), root)


def _root(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
