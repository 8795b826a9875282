"""One line of the doctor's report."""

from typing import Literal

import msgspec

Verdict = Literal["ok", "warn", "fail"]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the doctor's report."""

    name: str
    verdict: Verdict
    message: str
    next_action: str = ""


def ok(name: str, message: str) -> Check:
    """It is as it should be."""
    return Check(name=name, verdict="ok", message=message)


def warn(name: str, message: str, next_action: str = "") -> Check:
    """It works, but worse than it could."""
    return Check(name=name, verdict="warn", message=message, next_action=next_action)


def fail(name: str, message: str, next_action: str) -> Check:
    """It does not work like this."""
    return Check(name=name, verdict="fail", message=message, next_action=next_action)
