"""A studio's log is verified while it runs, after a kill, and after somebody was at it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.settings import Paths
from tests.core.sealing.books import write_months
from tests.events.audited import unguarded
from tests.harness import no_gateway
from tests.harness.processes import kill_all, mentioning
from tests.harness.studio import ROOT, StudioServer
from tests.harness.waiting import eventually

pytestmark = pytest.mark.real


@pytest.fixture
def bare_studio(home: Path) -> Iterator[StudioServer]:
    """One that has not started, and has no gateway."""
    no_gateway.install(home)
    server = StudioServer(home)
    yield server
    server.close()
    kill_all(mentioning(str(home)))


def typed(studio: StudioServer, *words: str, fails: bool = False) -> str:
    """What a command of somebody at this machine says."""
    done = subprocess.run(
        [sys.executable, "-m", "desktop", "audit", *words],
        cwd=ROOT,
        env=studio.env,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == int(fails), done.stdout + done.stderr
    return done.stdout


def verified(studio: StudioServer, **wish: object) -> dict[str, Any]:
    """By the app, in a process of its own."""
    assert studio.post("/api/audit/verify", wish)["state"] == "running"

    def ended() -> dict[str, Any] | None:
        view: dict[str, Any] = studio.get("/api/audit/verify")
        return None if view["state"] == "running" else view

    found: dict[str, Any] = eventually(ended, within=60, what="the verification ends")
    assert found["state"] == "done", found
    return found


def test_a_log_is_verified_proved_and_found_out(bare_studio: StudioServer, tmp_path: Path) -> None:
    """With live and sealed months beside it."""
    studio, proof, note = bare_studio, tmp_path / "proof.json", tmp_path / "kept.note"
    Paths(studio.home).create()
    write_months(studio.home, ("2026-08", "2026-09"), each=80)
    studio.start()
    typed(studio, "seal", "2026-08")
    typed(studio, "checkpoint", "--out", str(note))
    found = verified(studio, deep=True, notes=[note.read_text()])
    assert found["holds"], found
    assert {log["log"] for log in found["report"]["logs"]} >= {
        "main", "usage-2026-08", "usage-2026-09",
    }  # fmt: skip
    assert studio.happened("audit-verified", log="main")

    typed(studio, "prove", str(studio.head), "--out", str(proof))  # is signed for at once
    assert json.loads(proof.read_text())["tree"]["checkpoint"]
    key = studio.get("/api/audit")["verifier_key"]
    assert "All 4 claims" in typed(studio, "check", str(proof), "--key", key)
    words = ("verify", "--deep", "--note", str(note))
    assert "claims that can be shown hold." in typed(studio, *words)
    typed(studio, "prove", "3", "--log", "usage-2026-08", "--out", str(proof))  # from the sealed
    typed(studio, "check", str(proof), "--key", key)

    studio.kill()
    assert "claims that can be shown hold." in typed(studio, "verify", "--key", key)
    assert key in typed(studio, "status")
    main = studio.home / "main.db"
    with unguarded(main) as connection:
        connection.execute("update events set actor = 'nobody' where position = 4")
    assert "position 4 is not the one that was written" in typed(studio, "verify", fails=True)
    studio.start()  # which sees it as well, so the log is only read
    found = verified(studio)
    assert not found["holds"]
    assert not studio.happened("audit-verification-failed")
    assert studio.get("/api/audit")["verifier_key"] == key
