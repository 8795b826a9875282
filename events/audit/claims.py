"""What a verification says: claim by claim, what was shown and what can not be.

A claim is *proved* or *disproved* by this run, *not provable* by anybody with what is at hand, or
*skipped*: nobody asked, or there was nothing to look at. A log is what was written as far as its
proved claims go; the sentences say how far that is.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

Verdict = Literal["proved", "disproved", "not-provable", "skipped"]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that may be true of a log, and what became of it."""

    log: str  # "main", or a month's: "usage-2026-11"
    name: str  # in one or a few words, the same in every run
    verdict: Verdict
    sentence: str
    position: int | None = None  # the first bad one, where one can be named
    until: int | None = None  # it is about positions 1 to this one


def proved(log: str, name: str, sentence: str, *, until: int | None = None) -> Claim:
    """It is so."""
    return Claim(log=log, name=name, verdict="proved", sentence=sentence, until=until)


def disproved(
    log: str, name: str, sentence: str, *, position: int | None = None, until: int | None = None
) -> Claim:
    """It is not so; everything before `position` is."""
    return Claim(
        log=log,
        name=name,
        verdict="disproved",
        sentence=sentence,
        position=position,
        until=until,
    )


def not_provable(log: str, name: str, sentence: str) -> Claim:
    """Nobody can tell from what is at hand."""
    return Claim(log=log, name=name, verdict="not-provable", sentence=sentence)


def skipped(log: str, name: str, sentence: str) -> Claim:
    """It was not looked at; the sentence says why."""
    return Claim(log=log, name=name, verdict="skipped", sentence=sentence)


def first_bad(claims: Iterable[Claim]) -> Claim | None:
    """The disproved claim with the smallest position; one without a position comes last."""
    bad = [claim for claim in claims if claim.verdict == "disproved"]
    return min(bad, key=lambda claim: (claim.position is None, claim.position or 0), default=None)


class LogReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one log, as long as it was when it was looked at."""

    log: str
    log_id: str = ""
    size: int = 0  # lines there are
    root: str = ""  # of these, in base64
    claims: tuple[Claim, ...] = ()
    seconds: float = 0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of the main log, which comes first, and of those that it speaks of."""

    logs: tuple[LogReport, ...]
    seconds: float

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All of them, in the order of the logs."""
        return tuple(claim for log in self.logs for claim in log.claims)

    @property
    def holds(self) -> bool:
        """Whether nothing was disproved."""
        return first_bad(self.claims) is None
