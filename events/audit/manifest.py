"""What stands in an export's `manifest.json`: which logs, how much of them, and how it is proved.

Hashes of the tree are in base64, as checkpoints write them; those of files in hex, as sha256sum
prints them. All of it can be wrong: `exported.py` believes none of it.
"""

import base64
import binascii
from typing import Literal

import msgspec

FORMAT = "vllm-studio-export"
VERSION = 1
MANIFEST, README, KEYS, CHECKER = (
    "manifest.json",
    "README.txt",
    "verifier-key.txt",
    "check_proof.py",
)

Lines = Literal["jsonl", "cloudevents"]


class ExportedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file beside the manifest."""

    bytes: int
    sha256: str


class ExportedLog(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of one log, positions `first` to `last`, and what they are proved by.

    The peaks of `before` stand for the lines 1 to first - 1. With the exported lines they give
    `root`, that of the first `last` lines. The checkpoint signs for the first `signed`; where
    `signed` lies outside of first - 1 … last, `proof` is the consistency proof between the two.
    """

    log: str  # "main", or a month's: "usage-2026-11"
    log_id: str
    file: str
    first: int
    last: int
    size: int  # lines the log had
    root: str
    before: tuple[str, ...] = ()
    checkpoint: str | None = None  # its file; None: nobody has signed
    signed: int = 0
    proof: tuple[str, ...] = ()


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of it."""

    format: str
    version: int
    lines: Lines
    made_at: str  # RFC 3339
    made_by: str
    logs: tuple[ExportedLog, ...]
    files: dict[str, ExportedFile]
    warnings: tuple[str, ...] = ()


def encoded(manifest: Manifest) -> bytes:
    """As the file holds it, for people too."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def to_base64(hash: bytes) -> str:
    """As checkpoints write hashes."""
    return base64.b64encode(hash).decode()


def from_base64(text: str) -> bytes:
    """A hash of 32 bytes. Raises ValueError."""
    try:
        hash = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"this is no base64: {error}") from error
    if len(hash) != 32:
        raise ValueError("a hash of the tree has 32 bytes")
    return hash
