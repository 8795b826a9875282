"""A studio whose log can not be written only looks on: what it says, and what it leaves alone."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.disk import small_disk
from tests.harness import no_gateway
from tests.harness.processes import is_alive
from tests.harness.sim import sim_recipe
from tests.harness.studio import ROOT, StudioServer

WITHOUT_ROOTS_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


@contextmanager
def running(studio: StudioServer) -> Iterator[StudioServer]:
    """From its start to its end."""
    studio.start()
    yield studio
    studio.ask_to_quit()
    assert studio.wait() == 0


def command(studio: StudioServer, *words: str) -> tuple[int, Any]:
    """`vllm-studio … --json` in this home: exit code and answer."""
    done = subprocess.run(
        [sys.executable, "-m", "desktop", *words, "--json"],
        cwd=ROOT,
        env=studio.env,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def spoil(home: Path, position: int) -> None:
    """Change one event as somebody with the file can."""
    connection = sqlite3.connect(home / "main.db", isolation_level=None)
    connection.execute("drop trigger events_no_update")
    connection.execute("update events set actor = 'nobody' where position = ?", (position,))
    connection.close()


def demand_looking_on(studio: StudioServer, code: str) -> dict[str, Any]:
    """Everybody who asks hears the same; nothing is changed. Returns the problem."""
    health = studio.http.get("/health").json()
    assert (health["status"], health["problem"]) == ("degraded", code)
    assert studio.http.get("/health/ready").status_code == 503
    status = studio.status()
    problem: dict[str, Any] = status["problem"]
    assert problem["code"] == code
    assert problem["sentence"] in status["headline"]
    head = studio.head
    for path, body in (("/api/recipes", sim_recipe("x")), ("/api/evict", {}), ("/api/demo", {})):
        answer = studio.http.post(path, json=body, headers=studio.owner())
        assert (answer.status_code, answer.json()["code"]) == (503, code)
        assert answer.json()["next_action"] == problem["next_action"]
    answer = studio.http.post("/v1/chat/completions", json={"model": "x", "messages": []})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, code)
    assert problem["next_action"] in answer.json()["error"]["message"]
    assert studio.http.get("/v1/models").status_code == 200
    assert studio.http.get("/").status_code == 200
    for path in ("/api/recipes", "/api/engines", "/api/keys", "/api/usage", "/api/requests"):
        studio.get(path)
    assert studio.head == head
    asked, told = command(studio, "status")
    assert (asked, told["problem"]) == (0, problem)
    asked, report = command(studio, "doctor")
    [log] = [check for check in report["checks"] if check["name"] == "log"]
    assert (asked, log["verdict"]) == (1, "fail")
    return problem


def test_a_damaged_log_is_looked_at_and_engines_are_left_alone(own_studio: StudioServer) -> None:
    """What ran when the app was killed runs on, through this start and this end."""
    studio = own_studio
    studio.add(sim_recipe("a"))
    studio.load("a")
    left = [studio.engines()["a"]["pid"], studio.status()["gateway"]["pid"]]
    studio.kill()
    spoil(studio.home, 5)
    with running(studio):
        problem = demand_looking_on(studio, "log-damaged")
        assert problem["position"] == 5
        assert [saved["recipe"]["id"] for saved in studio.get("/api/recipes")["recipes"]] == ["a"]
    assert all(map(is_alive, left))
    for pid in left:
        os.kill(pid, 9)


def test_the_way_on_from_an_older_copy(home: Path) -> None:
    """A note saved by hand and the one outside; refused, recovered, and all is well again."""
    no_gateway.install(home)
    studio = StudioServer(home)
    with running(studio):
        studio.add(sim_recipe("before"))
    shutil.copy(home / "main.db", home.parent / f"{home.name}.old")
    with running(studio):
        studio.add(sim_recipe("after"))
        saved = home / "saved.note"
        code, made = command(studio, "audit", "checkpoint", "--out", str(saved))
        assert (code, saved.read_text()) == (0, made["note"])
        assert Path(made["kept"]).read_text().endswith(made["note"])
        assert command(studio, "audit", "recover", "--yes")[1]["code"] == "running"
    shutil.move(home.parent / f"{home.name}.old", home / "main.db")
    with running(studio):
        problem = demand_looking_on(studio, "log-rolled-back")
        assert "are gone" in problem["sentence"]
    assert command(studio, "audit", "recover")[1]["code"] == "not-confirmed"
    code, done = command(studio, "audit", "recover", "--yes")
    assert (code, done["carried"]["recipes"]) == (0, 1)
    assert Path(done["exported"]).read_bytes().count(b"\n") == done["looked"]["good"]
    assert all(Path(path).exists() for path in done["aside"])
    assert command(studio, "audit", "recover", "--yes")[1]["code"] == "log-is-good"
    with running(studio):
        assert studio.status()["problem"] is None
        assert [one["recipe"]["id"] for one in studio.get("/api/recipes")["recipes"]] == ["before"]
        studio.add(sim_recipe("new"))
        assert (
            studio.happened("audit-log-continued")[0]["data"]["reason"] == done["looked"]["reason"]
        )
    studio.close()


def test_a_disk_that_is_full_at_the_start(home: Path) -> None:
    """What is there is shown, also where SQLite can make no file; with room all is well."""
    if os.geteuid() != 0:
        pytest.skip("needs a small disk of its own")
    with small_disk() as disk:
        no_gateway.install(disk.home)
        studio = StudioServer(disk.home)
        with running(studio):
            studio.add(sim_recipe("a"))
        (disk.home / "serve.out").unlink()
        (disk.home / "serve.out").symlink_to(home / "serve.out")
        disk.fill(0)
        with running(studio):
            problem = demand_looking_on(studio, "log-unavailable")
            assert "make room" in problem["next_action"]
            assert len(studio.get("/api/recipes")["recipes"]) == 1
        disk.free(0)
        with running(studio):
            assert studio.status()["problem"] is None
            studio.add(sim_recipe("b"))
        studio.close()


class WithoutRights(StudioServer):
    """File modes stop this one, also when the test is root's."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        stand_in = home / "python"
        stand_in.write_text(
            f'#!/bin/sh\nexec {" ".join(WITHOUT_ROOTS_RIGHTS)} {sys.executable} "$@"\n'
        )
        stand_in.chmod(0o755)
        self.stand_in = str(stand_in)


def test_a_data_directory_that_may_not_be_written(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is shown as it is, and not made writable."""
    if shutil.which("setpriv") is None:
        pytest.skip("needs setpriv")
    no_gateway.install(home)
    studio = WithoutRights(home)
    with running(studio):
        studio.add(sim_recipe("a"))
    (home / "serve.out").touch()
    home.chmod(0o500)
    monkeypatch.setattr("tests.harness.studio.sys.executable", studio.stand_in)
    try:
        with running(studio):
            demand_looking_on(studio, "log-unavailable")
            assert len(studio.get("/api/recipes")["recipes"]) == 1
            assert home.stat().st_mode & 0o777 == 0o500
    finally:
        home.chmod(0o700)
        studio.close()


def test_a_second_process_hears_who_has_the_log(home: Path) -> None:
    """It does not look on: there is a studio to be asked."""
    no_gateway.install(home)
    studio = StudioServer(home)
    with running(studio):
        assert studio.process is not None
        (home / "run" / "app.lock").unlink()  # as if it were another kind of program
        again = subprocess.run(
            [sys.executable, "-m", "desktop", "serve", "--json"],
            cwd=ROOT,
            env={**studio.env, "VLLM_STUDIO_PORT": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        problem = json.loads(again.stdout)
        assert again.returncode == 1
        assert problem["code"] == "log-locked"
        assert f"the process {studio.process.pid}" in problem["detail"]
    studio.close()
