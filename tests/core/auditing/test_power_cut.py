"""What a cut of the power, or a kill, at any instant leaves is a studio that starts.

Short versions of `tests/benchmarks/power_cut.py` and `kill_rounds.py`; `AUDIT_CUTS=300` and
`AUDIT_KILLS=300` ask for more.
"""

import os
import random
import shutil
import sys
from pathlib import Path

import pytest

from tests.benchmarks.kill_rounds import rounds
from tests.benchmarks.power_cut import Disk, Done, cut, cuts, judge, promises, recorded

CUTS = int(os.environ.get("AUDIT_CUTS", "21"))
KILLS = int(os.environ.get("AUDIT_KILLS", "3"))

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("cc") is None,
    reason="what is done to files is recorded by a C library, on Linux",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home that the writer of this module wrote."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def tape(home: Path) -> list[Done]:
    """Everything that was done to its files, from nothing to a last checkpoint."""
    return recorded(home, 60)


def test_no_promise_is_broken_by_a_power_cut(home: Path, tape: list[Done]) -> None:
    """While appending, signing and sealing; with what was not synced kept, lost or torn."""
    kinds = {words[0] for words in promises(tape)}
    assert kinds == {"main", "request", "signed", "sealed"}
    for number, (length, mode) in enumerate(cuts(tape, CUTS, seed=CUTS)):
        wrong, _ = cut(home, tape, length, mode, number)
        assert wrong == [], f"cut after {length} ({mode})"


def test_a_studio_that_did_not_sync_would_be_found_out(
    home: Path, tape: list[Done], tmp_path: Path
) -> None:
    """The same writes without the syncs: the simulation can fail."""
    unsynced = [done for done in tape if done.operation != "S"]
    found = 0
    for number, (length, _) in enumerate(cuts(unsynced, 6, seed=3)):
        target = tmp_path / str(number)
        target.mkdir()
        Disk(unsynced[:length], random.Random(number), "mixed").lay_out(home, target)
        found += bool(judge(target, promises(unsynced[:length])))
    assert found > 3


def test_notes_that_were_written_before_the_events_would_be_found_out(
    home: Path, tape: list[Done], tmp_path: Path
) -> None:
    """A note outside that tells more than the log holds is what a rollback looks like."""
    lost = {done.inode for done in tape if done.operation == "C" and "main.db" in done.paths[0]}
    half = tape[: len(tape) // 2]
    early = [done for done in half if done.inode not in lost or done.operation not in "WTS"]
    early += [done for done in tape[len(half) :] if done.operation in "A"]
    Disk(early, random.Random(1), "kept").lay_out(home, tmp_path)
    assert judge(tmp_path, ()) != []


def test_no_promise_is_broken_by_a_kill() -> None:
    """Over and over on the same home, also while it signs and seals."""
    bad, total = rounds(KILLS, seed=KILLS)
    assert bad == []
    assert total["main"] > KILLS
