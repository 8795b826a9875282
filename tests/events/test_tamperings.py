"""No change of a log goes unnoticed that is not harmless or plainly outside of what is claimed.

The whole of it, a thousand changes: `python -m tests.benchmarks.tamperings`.
"""

from pathlib import Path

import pytest

from tests.benchmarks.attacks import ATTACKS
from tests.benchmarks.tamperings import Ground, judged
from tests.benchmarks.victim import Attack


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """The home that is copied; a small one."""
    return Ground(tmp_path_factory.mktemp("ground"), rounds=2, days=2)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_a_change_is_detected_or_harmless_or_outside_the_claim(
    ground: Ground, tmp_path: Path, attack: Attack
) -> None:
    """Each kind, several times, by chance that is the same in every run."""
    for seed in range(3):
        trial = judged(ground, attack, ground.victim(tmp_path / str(seed), seed))
        assert trial.outcome != "undetected", trial
        assert trial.outcome != "outside" or attack.beyond, trial


def test_a_home_that_nobody_touched_is_harmless(ground: Ground, tmp_path: Path) -> None:
    """Or everything would be."""
    nothing = Attack("nothing", "files", lambda victim: "nothing")
    assert judged(ground, nothing, ground.victim(tmp_path / "home", 0)).outcome == "harmless"
