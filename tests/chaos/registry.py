"""The file in which engines write that they started, and the witness that they ended."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from tests.chaos.history import Life


def lives(lines: Iterable[str]) -> list[Life]:
    """Every engine process, in the order of their starts."""
    found: list[Life] = []
    for line in lines:
        what, model, pid, at = line.split()
        if what == "start":
            found.append(Life(model=model, pid=int(pid), began=float(at)))
            continue
        place = next(n for n in reversed(range(len(found))) if found[n].pid == int(pid))
        if what == "ready":
            found[place] = msgspec.structs.replace(found[place], ready=float(at))
        elif what == "exit":
            found[place] = msgspec.structs.replace(found[place], ended=float(at))
    return found


def lives_in(registry: Path) -> list[Life]:
    """The same, from the file; a line that is still being written is left out."""
    text = registry.read_text() if registry.exists() else ""
    return lives(text[: text.rfind("\n") + 1].splitlines())


def running(registry: Path) -> list[Life]:
    """Who runs now, by name."""
    return sorted(
        (life for life in lives_in(registry) if not life.ended), key=lambda one: one.model
    )
