"""One thing the demo model knows: an answer, and the ways to ask for it."""

from typing import NamedTuple


class Dialogue(NamedTuple):
    """One answer and the ways to ask for it; the first opening is the canonical one."""

    openings: tuple[str, ...]
    thought: str
    answer: str


def say(openings: str, thought: str, answer: str) -> Dialogue:
    """Openings are separated by ` | `."""
    return Dialogue(tuple(openings.split(" | ")), thought, answer)
