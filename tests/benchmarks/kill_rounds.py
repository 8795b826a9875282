"""kill -9 at any instant, over and over: nothing that was promised is lost, and all of it verifies.

    python -m tests.benchmarks.kill_rounds [--rounds 300]

Each round starts the writer (`power_writer.py`) on the same home, lets it append, sign and seal for
a moment, kills it, and judges the home as after a power cut (`power_cut.judge`).
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.power_cut import judge

ROUNDS_A_HOME = 20  # then a new one, for what is judged grows
LONGEST_S = 0.6  # from the first append to the kill


def kill_while_writing(home: Path, promised: Path, after_s: float) -> None:
    """Let the writer write for a moment, then kill it without a word."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.power_writer", home, promised],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    time.sleep(after_s)  # not for a condition: the instant of the kill is the point
    process.send_signal(signal.SIGKILL)
    process.communicate()


def promised_in(file: Path) -> list[list[str]]:
    """Whole lines; the last may be half a line."""
    return [line.split() for line in file.read_text().split("\n")[:-1]]


def rounds(count: int, seed: int) -> tuple[list[str], Counter[str]]:
    """So many of them; what was wrong, and how much of each kind was promised."""
    chance = random.Random(seed)
    bad: list[str] = []
    total: Counter[str] = Counter()
    done = 0
    while done < count:
        with tempfile.TemporaryDirectory(prefix="killed-") as folder:
            home, promised = Path(folder) / "home", Path(folder) / "promised"
            home.mkdir()
            for _ in range(min(ROUNDS_A_HOME, count - done)):
                kill_while_writing(home, promised, chance.uniform(0, LONGEST_S))
                bad += [f"round {done}: {one}" for one in judge(home, _read(promised))]
                done += 1
            total.update(words[0] for words in _read(promised))
    return bad, total


def _read(promised: Path) -> Sequence[Sequence[str]]:
    return promised_in(promised) if promised.exists() else []


def main() -> None:
    """Print what was found; exits with 1 when anything was wrong."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=300)
    options.add_argument("--seed", type=int, default=5)
    given = options.parse_args()
    began = time.monotonic()
    bad, total = rounds(given.rounds, given.seed)
    print(f"{given.rounds} kills in {time.monotonic() - began:.0f} s; promised: {dict(total)}")
    print("\n".join(bad[:20]) or "every promise was kept")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
