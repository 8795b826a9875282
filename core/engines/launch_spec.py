"""What exactly is launched, as one value, so that deciding it can be tested without a process."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

HIDDEN = "•••"
NEUTRAL = "neutral"  # the empty working directory below <home>/run: `python -m` imports from it


class LaunchSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A command with everything the child gets, and how to find out that it answers."""

    argv: tuple[str, ...]
    env: Mapping[str, str]  # the child's whole environment
    cwd: Path
    model_name: str  # the name the engine itself serves, to be sent as "model"
    api_key: str | None  # what the engine demands under /v1; None when it can not demand one
    health_path: str = "/health"
    models_path: str | None = "/v1/models"  # None: it lists nothing that could be trusted
    must_list: bool = True  # whether the list has to exist and hold `model_name`
    must_answer: bool = False  # ready only when it has answered one token

    @property
    def shown_argv(self) -> tuple[str, ...]:
        """The command for people and for the log, without its key."""
        if not self.api_key:
            return self.argv
        return tuple(word.replace(self.api_key, HIDDEN) for word in self.argv)
