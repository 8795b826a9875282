"""From uv's last lines to a sentence and a next action. Pure.

uv prints an `error:` line and `cause:` lines under it; the first pattern that fits any line wins,
so the order below goes from the particular to the general.
"""

import re
from collections.abc import Sequence

import msgspec

DECISIVE_LINES = 8


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """Why an installation failed, for a person and for a program."""

    code: str
    reason: str
    next_action: str


_PATTERNS: tuple[tuple[str, Diagnosis], ...] = tuple(
    (pattern, Diagnosis(code=code, reason=reason, next_action=next_action))
    for pattern, code, reason, next_action in (
        (
            r"No space left on device|os error 28|os error 112|disk quota|os error 122",
            "disk-full",
            "the disk is full",
            "Free some space (uv's own cache can go: `uv cache clean`), then install again.",
        ),
        (
            r"Hash mismatch|hash mismatch",
            "hash-mismatch",
            "a downloaded package is not the one in the lock file",
            "Do not go round this: check which package index this machine uses.",
        ),
        (
            r"No interpreter found|no download available|Could not find.*Python|"
            r"Failed to inspect Python|Python interpreter not found",
            "python-missing",
            "there is no suitable Python (3.11 to 3.13) and none could be fetched",
            "Install Python 3.12, then install again.",
        ),
        (
            r"certificate|invalid peer|UnknownIssuer",
            "certificate",
            "the package index showed a certificate that this machine does not trust",
            "Behind a company proxy, set SSL_CERT_FILE to its certificate, then install again.",
        ),
        (
            r"dns error|failed to lookup address|Name or service not known|"
            r"nodename nor servname|tcp connect error|Connection refused|Connection reset|"
            r"Network is unreachable|timed out|error sending request|Network connectivity",
            "no-network",
            "the package index could not be reached",
            "Check the network (and the proxy settings), then install again.",
        ),
        (
            r"no wheels? with a matching|doesn't have a (source distribution|wheel)|"
            r"incompatible with the current platform|no matching platform tag|"
            r"has no wheels|no version of|not found in the package registry|No solution found",
            "not-for-this-machine",
            "a package it needs does not exist for this system or this Python",
            "Choose another engine; the README's table says what runs where.",
        ),
        (
            r"Permission denied|os error 13|Read-only file system|os error 30",
            "not-writable",
            "the data directory can not be written to",
            "Check the permissions of the data directory, or set VLLM_STUDIO_HOME elsewhere.",
        ),
    )
)

_UNKNOWN = Diagnosis(
    code="unknown",
    reason="uv gave up",
    next_action="The last lines above say why; installing again is safe.",
)


def diagnose(lines: Sequence[str]) -> Diagnosis:
    """The reason in what uv said, or an honest "uv gave up"."""
    for pattern, diagnosis in _PATTERNS:
        if any(re.search(pattern, line) for line in lines):
            return diagnosis
    return _UNKNOWN


def decisive(lines: Sequence[str]) -> tuple[str, ...]:
    """The lines worth keeping: from the error on, or the last few."""
    for at, line in enumerate(lines):
        if line.lstrip().startswith(("error:", "×")):
            return tuple(lines[at : at + DECISIVE_LINES])
    return tuple(lines[-DECISIVE_LINES:])
