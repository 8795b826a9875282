"""A studio with months behind it seals them in front of its users, and nobody notices."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.settings import Paths
from tests.core.sealing.books import write_months
from tests.harness import no_gateway
from tests.harness.processes import kill_all, mentioning
from tests.harness.studio import ROOT, StudioServer

pytestmark = pytest.mark.real

REPORT = ("usage", "--since", "all", "--by", "month,model,key", "--latencies", "--utc", "--csv")


@pytest.fixture
def bare_studio(home: Path) -> Iterator[StudioServer]:
    """One that has not started, and has no gateway."""
    no_gateway.install(home)
    server = StudioServer(home)
    yield server
    server.close()
    kill_all(mentioning(str(home)))


def typed(studio: StudioServer, *words: str) -> str:
    """What a command of somebody at this machine says."""
    done = subprocess.run(
        [sys.executable, "-m", "desktop", *words],
        cwd=ROOT,
        env=studio.env,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def states(studio: StudioServer) -> dict[str, Any]:
    """By month."""
    return {one["month"]: one["state"] for one in studio.get("/api/audit/segments")["months"]}


def test_months_are_sealed_pruned_and_outlive_a_kill(bare_studio: StudioServer) -> None:
    """Reports are the same before and after, after a kill too; what was erased is said."""
    Paths(bare_studio.home).create()
    write_months(bare_studio.home, ("2026-07", "2026-08", "2026-09"), each=80)
    bare_studio.start()
    before = typed(bare_studio, *REPORT)
    assert "2026-09  sealed" in typed(bare_studio, "audit", "seal")
    assert typed(bare_studio, *REPORT) == before
    assert "finished_at" in typed(bare_studio, "requests", "show", "r100003")
    bare_studio.kill()
    bare_studio.start()
    assert typed(bare_studio, *REPORT) == before
    words = ("audit", "prune", "--before", "2026-08", "--reason", "a test", "--yes")
    assert "2026-07  pruned" in typed(bare_studio, *words)
    assert typed(bare_studio, *REPORT) == before
    listed = typed(bare_studio, "requests", "--limit", "1000")
    assert "The 80 single requests of 2026-07 were erased" in listed
    found = states(bare_studio)
    assert [found[month] for month in ("2026-07", "2026-08", "2026-09")] == [
        "pruned", "sealed", "sealed",
    ]  # fmt: skip
