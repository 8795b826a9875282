"""The import contracts hold, and each of them can fail."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("desktop", "core", "events", "webui")

# what is planted where, and the contract that has to notice
VIOLATIONS = {
    "the log reaches up": ("events/codec.py", "import core.errors", "one way"),
    "the rules reach the desktop": ("core/errors.py", "import desktop.problems", "one way"),
    "the core peeks into the web UI": ("core/studio.py", "import webui", "webui"),
    "a decider reads the clock": ("core/recipes/decider.py", "import time", "pure"),
    "a lifecycle waits": ("core/engines/lifecycle.py", "import asyncio", "pure"),
    "the scheduler looks at the log": (
        "core/switching/scheduling/plan.py",
        "import events.store",
        "pure",
    ),
    "the hot path asks the store": ("core/gateway/proxy.py", "import events.store", "hot path"),
    "the hot path asks an engine": (
        "core/gateway/proxy.py",
        "import core.engines.fleet",
        "hot path",
    ),
    "replay can launch": ("events/replay.py", "import subprocess", "launcher"),
}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter over a tree, as `make check` runs it."""
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache", "--config", "pyproject.toml"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def tree(home: Path) -> Path:
    """A copy of the packages, to be spoiled; without bytecode, which others write just then."""
    passed_over = shutil.ignore_patterns("node_modules", "dist", "__pycache__")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, home / package, ignore=passed_over)
    shutil.copy(ROOT / "pyproject.toml", home)
    return home


def test_every_import_contract_holds() -> None:
    """Imports point one way, rules are pure and the hot path stays apart, as in the design."""
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("what", VIOLATIONS)
def test_a_planted_violation_breaks_its_contract(what: str, tree: Path) -> None:
    """A contract that cannot fail protects nothing."""
    file, line, contract = VIOLATIONS[what]
    spoiled = tree / file
    spoiled.write_text(f"{spoiled.read_text()}\n{line}\n")
    result = lint_imports(tree)
    assert result.returncode == 1, f"{what} went unnoticed:\n{result.stdout}{result.stderr}"
    broken = [row for row in result.stdout.splitlines() if row.endswith("BROKEN")]
    assert any(contract in row for row in broken), broken
