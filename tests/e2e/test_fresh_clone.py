"""The first command of the README, as a new user runs it: a fresh clone, an empty home."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.studio import ROOT


@pytest.fixture
def clone(home: Path) -> Path:
    """What somebody gets who clones this."""
    folder = home / "clone"
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True, timeout=120)
    return folder


def make(clone: Path, target: str) -> subprocess.CompletedProcess[str]:
    """`make target` with nothing on PATH but the system, and an empty home."""
    kept = {k: v for k, v in os.environ.items() if k.startswith("PIP_") or "CERT" in k}
    user = clone.parent / "user"
    user.mkdir(exist_ok=True)
    python = f"PYTHON={getattr(sys, '_base_executable', sys.executable)}"
    return subprocess.run(
        ["make", target, python],
        cwd=clone,
        env={**kept, "HOME": str(user), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.mark.timeout(700)
def test_a_fresh_clone_becomes_a_working_program(clone: Path) -> None:
    """No uv, no node, no cache: one command, and the program and its web UI are there."""
    first = make(clone, "app")
    assert first.returncode == 0, first.stdout[-2000:] + first.stderr[-3000:]
    program = clone / ".venv" / "bin" / "vllm-studio"
    said = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stderr
    assert "serve" in said.stdout
    assert (clone / "webui" / "dist" / "index.html").is_file()
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, timeout=60
    )
    assert status.stdout == "", "a first run leaves no file that git does not know about"

    again = make(clone, "app")
    assert again.returncode == 0
    assert "Installing" not in again.stderr, "the second run has nothing to do"
    shutil.rmtree(clone / ".venv")
