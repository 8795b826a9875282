"""Whose count of killed processes is read, and what it says."""

from pathlib import Path

import pytest

from core.engines.memory_kills import killed_for_memory, memory_kills


def written(root: Path, files: dict[str, str]) -> Path:
    """A small /proc and /sys."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_the_own_control_group_is_asked_first(tmp_path: Path) -> None:
    """Version 2; the machine's count is that of strangers too."""
    root = written(
        tmp_path,
        {
            "proc/self/cgroup": "0::/user.slice/app.scope\n",
            "sys/fs/cgroup/user.slice/app.scope/memory.events": "low 0\noom 3\noom_kill 2\n",
            "proc/vmstat": "nr_free_pages 7\noom_kill 9\n",
        },
    )
    assert memory_kills(root) == 2


def test_version_1_keeps_it_elsewhere(tmp_path: Path) -> None:
    """In `memory.oom_control`."""
    root = written(
        tmp_path,
        {
            "proc/self/cgroup": "4:cpu,memory:/box\n0::/\n",
            "sys/fs/cgroup/memory/box/memory.oom_control": "oom_kill_disable 0\noom_kill 5\n",
        },
    )
    assert memory_kills(root) == 5


def test_without_a_group_the_machine_is_asked(tmp_path: Path) -> None:
    """The root group has no counts."""
    root = written(tmp_path, {"proc/self/cgroup": "0::/\n", "proc/vmstat": "oom_kill 9\n"})
    assert memory_kills(root) == 9


def test_a_system_that_does_not_count_says_nothing(tmp_path: Path) -> None:
    """Such as Windows or macOS."""
    assert memory_kills(tmp_path) is None


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [(1, 2, True), (1, 1, False), (None, 1, None), (1, None, None)],
)
def test_a_rise_is_a_verdict(before: int | None, after: int | None, verdict: bool | None) -> None:
    """No count, no verdict."""
    assert killed_for_memory(before, after) is verdict
