"""A studio in full use is exported, and moves into an empty home, beside the one it came from."""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from events.audit import exported
from events.facts import AppStopped
from events.store import EventStore
from tests.events.conftest import append_foreign
from tests.harness import runtimes
from tests.harness.processes import is_alive, kill_all, mentioning
from tests.harness.sim import sim_recipe
from tests.harness.studio import ROOT, StudioServer
from tests.harness.waiting import eventually


@pytest.fixture
def new_home() -> Iterator[Path]:
    """Where the log is brought to; its runtimes are this machine's."""
    with tempfile.TemporaryDirectory(prefix="studio-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
        kill_all(mentioning(folder))


def typed(studio: StudioServer, home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """A command of somebody at this machine."""
    return subprocess.run(
        [sys.executable, "-m", "desktop", *words],
        cwd=ROOT,
        env={**studio.env, "VLLM_STUDIO_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def requests_of(studio: StudioServer) -> int:
    """How many its book of requests tells, of all months."""
    return int(studio.get("/api/usage", by="", since=0)["total"]["requests"])


def wrong_claims(path: Path) -> list[str]:
    """What of an export does not hold."""
    with exported.opened(path) as export:
        return [one.sentence for one in exported.verify(export) if one.verdict != "proved"]


def test_a_studio_in_full_use_moves(
    own_studio: StudioServer, new_home: Path, tmp_path: Path
) -> None:
    """Its own engine goes on serving; the new home believes nothing alive and touches nothing."""
    own_studio.add(sim_recipe("moves-a", tokens=5))
    engine = own_studio.load("moves-a")
    assert own_studio.chat("moves-a").status_code == 200
    eventually(lambda: requests_of(own_studio) == 1, within=60, what="it is counted")
    done = typed(own_studio, own_studio.home, "audit", "export", str(tmp_path / "export.zip"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert wrong_claims(tmp_path / "export.zip") == []
    before = own_studio.timeline()

    done = typed(own_studio, new_home, "audit", "import", str(tmp_path / "export.zip"), "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    runtimes.link(new_home, ["litellm"])
    moved = StudioServer(new_home)
    try:
        moved.start()
        moved.wait_for_gateway()
        story = moved.timeline()
        with exported.opened(tmp_path / "export.zip") as export:
            last = export.manifest.logs[0].last
        assert [one["sentence"] for one in story[:last]] == [
            one["sentence"] for one in before[:last]
        ]
        kinds = [one["type"] for one in story[last:]]
        assert kinds[:4] == ["audit-imported", "engine-lost", "gateway-stopped", "app-stopped"]
        assert "audit-key-replaced" in kinds
        assert "engine-adopted" not in kinds
        assert "app-crash-detected" not in kinds
        assert moved.engines() == {}
        assert is_alive(engine["pid"])
        assert own_studio.chat("moves-a").status_code == 200
        assert own_studio.engines()["moves-a"]["pid"] == engine["pid"]
        assert moved.chat("moves-a").status_code == 200  # it starts one of its own
        assert moved.engines()["moves-a"]["pid"] != engine["pid"]
        eventually(lambda: requests_of(moved) == 2, within=60, what="both are counted")
        again = typed(moved, new_home, "audit", "export", str(tmp_path / "again"))
        assert again.returncode == 0, again.stdout + again.stderr
        assert wrong_claims(tmp_path / "again") == []
    finally:
        moved.close()
    assert is_alive(engine["pid"])


def test_requests_go_on_while_the_log_is_exported(studio: StudioServer, tmp_path: Path) -> None:
    """Nothing waits for a download, and what it holds is one consistent picture."""
    studio.add(sim_recipe("busy-a", tokens=3))
    studio.load("busy-a")
    ended, failures = threading.Event(), []

    def ask() -> None:
        while not ended.is_set():
            answer = studio.chat("busy-a")
            if answer.status_code != 200:
                failures.append(answer.text)

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for one in asking:
        one.start()
    try:
        for number in range(5):
            answer = httpx.get(f"{studio.url}/api/audit/export", headers=studio.owner(), timeout=60)
            (tmp_path / f"{number}.zip").write_bytes(answer.content)
    finally:
        ended.set()
        for one in asking:
            one.join()
    assert failures == []
    for number in range(5):
        assert wrong_claims(tmp_path / f"{number}.zip") == []


def test_a_log_of_a_later_version_opens_is_told_exported_and_imported(
    quick_studio: StudioServer, new_home: Path, tmp_path: Path
) -> None:
    """A downgrade: kinds and schemas that this version does not know are kept byte for byte."""
    quick_studio.add(sim_recipe("later-a"))
    quick_studio.ask_to_quit()
    quick_studio.wait()
    data = b'{"b" : 1.50,"a":"\\u0041","nested":{"z":[1,2,{}]}}'
    log = EventStore.open(quick_studio.home / "main.db")
    append_foreign(log, "future-1", "thing-of-tomorrow", data, schema=3)
    append_foreign(log, "recipe-later-a", "recipe-revised", b'{"shape":"other"}', schema=44)
    log.append_now("app", [AppStopped(reason="the later version was left")], actor="cli")
    position = log.head - 2
    log.close()

    quick_studio.start()
    assert quick_studio.status()["problem"] is None
    entries = {one["position"]: one for one in quick_studio.timeline()}
    assert entries[position]["type"] == "thing-of-tomorrow"
    assert entries[position]["data"]["nested"] == {"z": [1, 2, {}]}
    assert entries[position + 1]["type"] == "recipe-revised"
    assert [one["recipe"]["id"] for one in quick_studio.get("/api/recipes")["recipes"]] == [
        "later-a"
    ]
    quick_studio.get("/api/state", at=position)
    done = typed(quick_studio, quick_studio.home, "audit", "export", str(tmp_path / "export"))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (tmp_path / "export" / "log.jsonl").read_bytes().splitlines()
    assert lines[position - 1].endswith(b'"data":' + data + b"}")

    done = typed(quick_studio, new_home, "audit", "import", str(tmp_path / "export"), "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    moved = EventStore.open(new_home / "main.db", read_only=True)
    [found] = moved.read_stream("future-1")
    assert (found.position, found.schema, found.data) == (position, 3, data)
    moved.close()


def test_somebody_with_a_key_for_audits_takes_the_log_without_us(
    studio: StudioServer, tmp_path: Path
) -> None:
    """curl, unzip and the script that comes with it: nothing of ours on the other side."""
    wish: dict[str, Any] = {"name": "auditor", "limits": {"scopes": ["audit"]}}
    issued, head = studio.post("/api/keys", wish), studio.head
    url = f"{studio.url}/api/audit/export"
    assert httpx.get(url, timeout=60).status_code == 403
    answer = httpx.get(url, headers={"authorization": f"Bearer {issued['secret']}"}, timeout=60)
    assert answer.status_code == 200
    (tmp_path / "export.zip").write_bytes(answer.content)
    with exported.opened(tmp_path / "export.zip") as export:
        (tmp_path / "check_proof.py").write_bytes(export.read("check_proof.py"))
    done = subprocess.run(
        [sys.executable, "-I", tmp_path / "check_proof.py", tmp_path / "export.zip"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [taken] = eventually(
        lambda: studio.happened("audit-exported", after=head) or None,
        within=60,
        what="it is recorded",
    )
    key_id = issued["key"]["key_id"]
    assert taken["actor"] == f"key:{key_id}"
    studio.http.delete(f"/api/keys/{key_id}", headers=studio.owner())
