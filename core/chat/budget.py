"""When a run of questions and tool calls has gone on for long enough. Pure.

A model that calls the same tool with the same arguments and is told the same for the third time is
told so; when it calls it once more all the same, the run ends.
"""

import hashlib
import json
from collections import Counter
from typing import Any

from core.errors import StudioError

SAME = 3  # times that the same call may bring the same result
TOLD_SAME = (
    "\n\n[The studio: this is the third time that this call brings this result. Do not call it "
    "again: answer with what there is, or do something else.]"
)
NOT_AGAIN = "Not called: this call has brought the same result three times. The run ends here."


class RunOver(StudioError):
    """The run ends, although the model wants to go on."""


class Budget:
    """How many questions a run may ask, and how many tokens they may take together."""

    def __init__(self, *, iterations: int, tokens: int) -> None:
        self.iterations = iterations
        self.tokens = tokens
        self.asked = 0
        self.spent = 0

    def ask(self) -> None:
        """One more question. Raises RunOver."""
        if self.asked >= self.iterations:
            raise RunOver(
                f"the model has asked for tools {self.asked} times and has no answer yet: this "
                "run ends here",
                code="too-many-iterations",
                next_action="continue, and it may ask as often again",
            )
        self.demand(0)
        self.asked += 1

    def spend(self, tokens: int) -> None:
        """What a question and its answer took."""
        self.spent += tokens

    def demand(self, more: int) -> None:
        """Raises RunOver where so many more would be too many."""
        if self.spent + more >= self.tokens:
            raise RunOver(
                f"this run has taken {self.spent + more} tokens of the {self.tokens} that it may "
                "take: it ends here",
                code="token-budget",
                next_action="continue, and it may take as many again",
            )


class Repeats:
    """Calls that bring the same again and again."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._flagged: set[str] = set()

    def note(self, name: str, arguments: dict[str, Any] | str, result: str) -> bool:
        """Whether the model is to be told that this is the third time."""
        call = _call(name, arguments)
        both = _hash(call, result)
        self._seen[both] += 1
        if self._seen[both] < SAME:
            return False
        self._flagged.add(call)
        return True

    def flagged(self, name: str, arguments: dict[str, Any] | str) -> bool:
        """Whether the model was told not to call this again."""
        return _call(name, arguments) in self._flagged


def _call(name: str, arguments: dict[str, Any] | str) -> str:
    return _hash(name, json.dumps(arguments, sort_keys=True))


def _hash(one: str, other: str) -> str:
    told = f"{len(one)}:{one}{other}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(told).hexdigest()
