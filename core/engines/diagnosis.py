"""From an exit code and the last log lines to a cause and a next action.

A table of typed failures (failures.py) is read from the most telling row to the least: the first
row that any line matches is the diagnosis. Without a match the exit code speaks.
Lines that the engine itself logs as a warning or less are no cause: vLLM warns of "Too many open
files" in every start.
"""

import re
import signal
from collections.abc import Callable, Sequence

from core.engines.failures import KNOWN, Known
from core.engines.lifecycle import Failure

TAIL_LINES = 400  # how much of a log is worth reading for a cause
SHOWN_LINES = 12
LONGEST_SHOWN = 600
LOOKS_LIKE_TROUBLE = re.compile(r"error|exception|traceback|fatal|killed|cannot|can't|failed", re.I)
CALM = re.compile(r"^.{0,60}?\b(?:DEBUG|INFO|WARNING|Warning)\b|\w+Warning: ")
NOISE = re.compile(r"^\s*(File \"|\^+\s*$|[│╭╰─]*\s*$)|frame #\d+")

Mask = Callable[[str], str]


def diagnose(
    lines: Sequence[str],
    exit_code: int | None,
    *,
    was_ready: bool = False,
    mask: Mask = lambda text: text,
) -> Failure:
    """Why a process ended that nobody asked to end. `lines` are its last log lines, oldest first.

    Every text in the result is masked. A code of 0 is a failure like any other.
    """
    serious = [line for line in lines if not CALM.search(line)]
    found = _first_known(serious)
    if found is not None:
        row, match, line = found
        filled = {name: text or "" for name, text in match.groupdict().items()}
        return Failure(
            reason=mask(row.reason.format(**filled)),
            code=row.code,
            next_action=mask(row.next_action.format(**filled)),
            exit_code=exit_code,
            lines=_decisive(serious, line, mask),
        )
    return _by_exit_code(exit_code, was_ready, _decisive(serious or lines, None, mask))


def _first_known(lines: Sequence[str]) -> tuple[Known, re.Match[str], str] | None:
    for row in KNOWN:
        for line in reversed(lines):
            if (match := row.pattern.search(line)) is not None:
                return row, match, line
    return None


def _by_exit_code(code: int | None, was_ready: bool, lines: tuple[str, ...]) -> Failure:
    look = "Read its log for the cause."
    if code in (-9, 137):
        return Failure(
            reason="the system killed it (signal 9), most likely because memory ran out",
            code="killed-by-system",
            next_action="Free memory, or choose a smaller model or context_length.",
            exit_code=code,
            lines=lines,
        )
    if code in (-4, 132):
        return Failure(
            reason="it used an instruction that this processor does not have",
            code="cpu-too-old",
            next_action="Install another build of this engine.",
            exit_code=code,
            lines=lines,
        )
    how = _how_it_ended(code)
    reason = f"it ended {how} after it had been ready" if was_ready else f"it ended {how}"
    return Failure(reason=reason, code="unknown", next_action=look, exit_code=code, lines=lines)


def _how_it_ended(code: int | None) -> str:
    if code is None:
        return "without saying how"
    if code < 0:
        try:
            return f"by signal {signal.Signals(-code).name}"
        except ValueError:
            return f"by signal {-code}"
    return f"with exit code {code}"


def _decisive(lines: Sequence[str], told: str | None, mask: Mask) -> tuple[str, ...]:
    """The lines a person would quote: the telling one, and the trouble around it, in order."""
    useful = [line for line in lines if not NOISE.search(line)]
    trouble = [line for line in useful if line == told or LOOKS_LIKE_TROUBLE.search(line)]
    chosen = (trouble or useful)[-SHOWN_LINES:]
    if told is not None and told not in chosen:
        chosen = [told, *chosen[1:]]
    return tuple(mask(line.strip()[:LONGEST_SHOWN]) for line in dict.fromkeys(chosen))
