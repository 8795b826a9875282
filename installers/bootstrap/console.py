"""How the bootstrap speaks: one line a step, the output of a tool only where it helps."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_COLOUR = sys.stderr.isatty() and "NO_COLOR" not in os.environ


class Trouble(Exception):
    """Something the person at the keyboard has to know; the message says what to do."""


def say(text: str) -> None:
    """Print one line of progress."""
    print(f"\033[36m▸\033[0m {text}" if _COLOUR else f"> {text}", file=sys.stderr, flush=True)


def fail(text: str) -> int:
    """Print why it can not go on; the exit status."""
    print(f"\033[31m✗\033[0m {text}" if _COLOUR else f"! {text}", file=sys.stderr, flush=True)
    return 1


def what_of_the_network() -> str:
    """What to look at when nothing could be fetched, and then what to do."""
    named = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    proxy = next((name for name in named if os.environ.get(name)), None)
    look = (
        f"{proxy} is set: does that proxy answer?"
        if proxy
        else "Is there a network? Behind a proxy, set HTTPS_PROXY."
    )
    return f"{look}\n  Then run the same command again: what was fetched is kept."


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a step, and say how long it took when it took long."""
    say(f"{text} …")
    begun = time.monotonic()
    yield
    seconds = time.monotonic() - begun
    if seconds >= 2:
        say(f"{text}: done in {seconds:.0f} s")


def run(argv: Sequence[str | Path], *, why: str, env: Mapping[str, str] | None = None) -> None:
    """Run a program with its output shown.

    Raises:
        Trouble: it failed; `why` is the sentence that says what that means.
    """
    command = [str(part) for part in argv]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise Trouble(f"{why}\n  {command[0]}: {error.strerror}") from error
    if done.returncode:
        raise Trouble(f"{why}\n  failed ({done.returncode}): {' '.join(command)}")


def works(argv: Sequence[str | Path]) -> bool:
    """Whether this command exists and ends well; silent."""
    try:
        done = subprocess.run(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
