"""What uv prints becomes a phase and a percentage that only grows."""

from itertools import pairwise

from core.runtimes.progress import Progress, Step, advance

OUTPUT = """\
Using Python 3.11.7 environment at: x
Resolved 46 packages in 247ms
Downloading numpy (16.0MiB)
Downloading sympy (4.0MiB)
 Downloaded sympy
Downloading torch (80.0MiB)
 Downloaded numpy
 Downloaded torch
Prepared 46 packages in 1.22s
Installed 46 packages in 169ms
 + numpy==2.4.6
Bytecode compiled 9432 files in 11.25s
""".splitlines()


def told(lines: list[str]) -> list[Progress]:
    """Everything known, after each line."""
    seen = [Progress(step=Step(title="packages", begin=30, end=90))]
    for line in lines:
        seen.append(advance(seen[-1], line))
    return seen


def test_percentages_never_go_back() -> None:
    """A download announced late enlarges the total, yet nobody sees the bar retreat."""
    percents = [progress.percent for progress in told(OUTPUT)]
    assert all(earlier <= later for earlier, later in pairwise(percents))
    assert percents[0] == 30
    assert percents[-1] == 90


def test_the_phase_says_how_much_is_downloaded() -> None:
    """A person sees mebibytes, not a spinner."""
    assert told(OUTPUT)[5].phase == "packages: downloading, 4 of 20 MiB"


def test_lines_that_say_nothing_change_nothing() -> None:
    """Noise makes no events."""
    progress = told(OUTPUT[:3])[-1]
    assert advance(progress, " + numpy==2.4.6") is progress
    assert advance(progress, "warning: something") is progress
