"""Each check can pass and can fail."""

import json
import os
import socket
import sqlite3
from pathlib import Path

import pytest

from core.settings import Settings
from desktop import doctor, doctor_log
from desktop.check import Check, ok
from tests.desktop.conftest import Run
from tests.harness.ports import free_port


def test_a_free_port_is_free_and_a_taken_one_is_not() -> None:
    """Asked by trying."""
    number = free_port()
    with socket.create_server(("127.0.0.1", number)):
        assert doctor.why_not(number) == "is taken by another program"
    assert doctor.why_not(number) == ""


def test_a_home_that_is_not_there_yet_will_be_made(home: Path) -> None:
    """Looked at, not made."""
    missing = home / "deep" / "down"
    assert doctor.home_writable(missing).verdict == "ok"
    assert not missing.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_can_not_be_written_fails(home: Path) -> None:
    """With what to do about it."""
    home.chmod(0o500)
    check = doctor.home_writable(home)
    home.chmod(0o700)
    assert check.verdict == "fail"
    assert "VLLM_STUDIO_HOME" in check.next_action


def test_a_home_that_others_can_read_is_a_warning(home: Path) -> None:
    """With the command that mends it."""
    home.chmod(0o755)
    check = doctor.home_writable(home)
    assert (check.verdict, check.next_action) == ("warn", f"chmod 700 {home}")


def test_a_half_made_runtime_is_none(home: Path) -> None:
    """An installation that was killed in the middle left its folder, and no engine."""
    (home / "runtimes" / "litellm-1.106.2.partial" / "bin").mkdir(parents=True)
    assert doctor.runtimes_present(home / "runtimes").message == "none installed yet"


def test_no_display_is_said_without_pretending_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor runs nothing that Ctrl-C would end."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    found = doctor.display()
    assert found.verdict == "warn"
    assert "Ctrl-C" not in found.message
    assert "vllm-studio serve" in found.next_action


def test_a_file_that_is_no_log_fails(home: Path) -> None:
    """Said, not raised."""
    path = home / "main.db"
    path.write_bytes(b"this is no database, however long one looks at it" * 100)
    before = path.read_bytes()
    found = doctor_log.log_healthy(Settings(home=home))
    assert found.verdict == "fail"
    assert "the log is damaged" in found.message
    assert "audit recover" in found.next_action
    assert path.read_bytes() == before


def test_little_room_is_a_warning_and_none_a_failure(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measured against what the runtimes take."""
    rooms = {"ok": 50, "warn": 5, "fail": 1}
    for verdict, gib in rooms.items():
        usage = type("Usage", (), {"free": gib * doctor.GIB})
        monkeypatch.setattr("shutil.disk_usage", lambda _, usage=usage: usage)
        assert doctor.disk_room(home).verdict == verdict


def test_an_affected_sqlite_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The WAL-reset bug is avoided by the single writer, and said; without STRICT nothing works."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 51, 2))
    assert "WAL-reset" in doctor.sqlite().message
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 51, 3))
    assert "WAL-reset" not in doctor.sqlite().message
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    assert doctor.sqlite().verdict == "fail"


def test_a_missing_uv_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """No runtime can be installed without it."""
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    assert "pip install uv" in doctor.uv().next_action


def test_a_check_that_trips_is_a_line_too(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report is always whole; a failure makes the exit code 1."""

    def trips() -> Check:
        raise RuntimeError("the driver is confused")

    monkeypatch.setattr(doctor, "gpu", trips)
    monkeypatch.setattr(doctor, "window", lambda: ok("window", "not looked at"))
    monkeypatch.setattr(doctor, "ports", lambda *_: ())  # an app of the developer's own may run
    result = run("doctor", "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert not report["ok"]
    (tripped,) = [c for c in report["checks"] if c["verdict"] == "fail"]
    assert "the driver is confused" in tripped["message"]
    assert {"app", "home", "disk", "log", "python", "uv"} <= {c["name"] for c in report["checks"]}
