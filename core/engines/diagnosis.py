"""From an exit code, the last log lines and the kernel's word to a cause and a next action.

A table of typed failures (failures/) is read from the most telling row to the least: the first
row that any line matches is the diagnosis. Without a match the exit code speaks.
Lines that the engine itself logs as a warning or less are no cause: vLLM warns of "Too many open
files" in every start.
"""

import re
import signal
from collections.abc import Callable, Mapping, Sequence

from core.engines.failures import GENERIC, KNOWN, Known
from core.engines.failures.known import Patch
from core.engines.failures.moment import SERVING, moment_of
from core.engines.lifecycle import Failure
from core.engines.progress import read_line

TAIL_LINES = 400  # how much of a log is worth reading for a cause
SHOWN_LINES = 12
LONGEST_SHOWN = 600
LOOKS_LIKE_TROUBLE = re.compile(r"error|exception|traceback|fatal|killed|cannot|can't|failed", re.I)
CALM = re.compile(r"^.{0,60}?\b(?:DEBUG|INFO|WARNING|Warning)\b|\w+Warning: ")
RAISED = re.compile(r"^(?:\([^)]*\)\s*)*(?:ERROR\b[^\]]*\]\s*)?[\w.]*(?:Error|Exception): ")
PREFIX = re.compile(
    r"^(?:\([^)]*\)\s?)*(?:[A-Z]+ \d\d-\d\d [\d:]+ \[[^\]]*\] ?)?"
)  # vLLM's, on each
NOISE = re.compile(r"^\s{4,}|^\s*(File \"|\^+\s*$|[│╭╰─]*\s*$)|frame #\d+")
OUT_OF_GPU_MEMORY = "gpu-out-of-memory"

Mask = Callable[[str], str]
Value = bool | int | str | None


def diagnose(
    lines: Sequence[str],
    exit_code: int | None,
    *,
    was_ready: bool = False,
    oom_killed: bool | None = None,
    mask: Mask = lambda text: text,
) -> Failure:
    """Why a process ended that nobody asked to end. `lines` are its last log lines, oldest first.

    `oom_killed` is the kernel's word (memory_kills.py); None when it has none.
    Every text in the result is masked. A code of 0 is a failure like any other.
    """
    serious = [line for line in lines if RAISED.search(line) or not CALM.search(line)]
    found = _first_known(serious)
    if found is None or (oom_killed and found[0].code in GENERIC):
        return _by_exit_code(
            exit_code, was_ready, oom_killed, _decisive(serious or lines, None, mask)
        )
    row, match, line = found
    filled = _filled(match)
    code, reason, next_action, remedy = row.code, row.reason, row.next_action, row.remedy
    if row.code == OUT_OF_GPU_MEMORY:
        before = lines[: len(lines) - 1 - list(reversed(lines)).index(line)]
        moment = SERVING if was_ready else moment_of(before, _last_phase(before))
        if moment is not None:
            code, reason, next_action = moment.code, moment.reason, moment.next_action
            remedy = moment.remedy
    return Failure(
        reason=mask(reason.format_map(filled)),
        code=code,
        next_action=mask(next_action.format_map(filled)),
        exit_code=exit_code,
        lines=_decisive(serious, line, mask),
        remedy=_patch(remedy, filled),
    )


def _first_known(lines: Sequence[str]) -> tuple[Known, re.Match[str], str] | None:
    for row in KNOWN:
        for line in reversed(lines):
            if (match := row.pattern.search(line)) is not None:
                return row, match, line
    return None


def _filled(match: re.Match[str]) -> dict[str, str]:
    """The groups as text; of numbers also the half."""
    found = {name: text or "" for name, text in match.groupdict().items()}
    numbers = {name: text.replace(",", "") for name, text in found.items() if _is_number(text)}
    halves = {f"{name}_half": str(max(1, int(text) // 2)) for name, text in numbers.items()}
    return found | numbers | halves


def _is_number(text: str) -> bool:
    return text.replace(",", "").isdigit()


def _patch(remedy: Patch, filled: Mapping[str, str]) -> dict[str, Value]:
    return {field: _value(text, filled) for field, text in remedy.items()}


def _value(text: str | None, filled: Mapping[str, str]) -> Value:
    if text is None:
        return None
    word = text.format_map(filled)
    if word in ("true", "false"):
        return word == "true"
    return int(word) if word.isdigit() else word


def _last_phase(lines: Sequence[str]) -> str | None:
    steps = (read_line(line) for line in reversed(lines))
    return next((step.phase for step in steps if step is not None), None)


def _by_exit_code(
    code: int | None, was_ready: bool, oom_killed: bool | None, lines: tuple[str, ...]
) -> Failure:
    look = "Read its log for the cause."
    if oom_killed:
        return Failure(
            reason="the kernel killed it, or a process of it, because the memory ran out",
            code="killed-for-memory",
            next_action="Free memory, or choose a smaller model, context_length or kv_cache_gib.",
            exit_code=code,
            lines=lines,
        )
    if code in (-9, 137):
        return _killed(code, oom_killed, lines)
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


def _killed(code: int | None, oom_killed: bool | None, lines: tuple[str, ...]) -> Failure:
    """By signal 9; only the kernel's count could say for sure that memory was not the cause."""
    if oom_killed is None:
        reason = "the system killed it (signal 9), most likely because memory ran out"
        next_action = "Free memory, or choose a smaller model or context_length."
    else:
        reason = "somebody killed it (signal 9); the kernel did not do so for want of memory"
        next_action = "Look for who ended it: a person, a script, or a program that guards memory."
    return Failure(
        reason=reason,
        code="killed-by-system",
        next_action=next_action,
        exit_code=code,
        lines=lines,
    )


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
    useful = [line for line in lines if not NOISE.search(PREFIX.sub("", line))]
    trouble = [line for line in useful if line == told or LOOKS_LIKE_TROUBLE.search(line)]
    chosen = (trouble or useful)[-SHOWN_LINES:]
    if told is not None and told not in chosen:
        chosen = [told, *chosen[1:]]
    return tuple(mask(line.strip()[:LONGEST_SHOWN]) for line in dict.fromkeys(chosen))
