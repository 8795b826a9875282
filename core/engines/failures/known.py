"""One row of the table of failures: what an engine prints, and what that means to a person."""

import re
from collections.abc import Mapping

import msgspec

# Recipe field → value; "{most}" is filled in from the line, "{most_half}" with half of it.
Patch = Mapping[str, str | None]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One row. Named groups of the pattern may stand in both sentences and in the remedy."""

    code: str
    pattern: re.Pattern[str]
    reason: str
    next_action: str
    remedy: Patch
    may_pass: bool  # the same start may well succeed later: a port, memory that others hold


def row(
    code: str,
    pattern: str,
    reason: str,
    next_action: str,
    *,
    remedy: Patch | None = None,
    may_pass: bool = False,
) -> Known:
    """Make a row."""
    return Known(
        code=code,
        pattern=re.compile(pattern),
        reason=reason,
        next_action=next_action,
        remedy=remedy or {},
        may_pass=may_pass,
    )
