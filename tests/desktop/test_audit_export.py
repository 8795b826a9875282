"""`audit export` and `audit import` as they are typed, with the app and without it."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from desktop.cli.root import vllm_studio
from events.audit import bundles
from events.facts import AppStopped, AuditExported, AuditImported
from events.store import EventStore
from tests.core.exports.homes import Moment, checkpointer_of, settings_of, write_main, write_month
from tests.desktop.conftest import Run
from tests.events.exports import key_of
from tests.harness.studio import ROOT
from tests.harness.waiting import eventually


@pytest.fixture
async def lived_in(home: Path) -> Path:
    """A home that was used, signed for, and left."""
    clock = Moment(2026, 11, 29, 12)
    settings_of(home)
    write_month(home, "2026-11", 7, clock)
    store = write_main(home, clock)
    signs = checkpointer_of(store, home, clock)
    await signs.begin()
    await signs.checkpoint("shutdown")
    store.close()
    return home


def typed_at(home: Path, *words: str, stdin: str | None = None) -> Result:
    """The same terminal with another data directory."""
    environ = {"VLLM_STUDIO_HOME": str(home), "VLLM_STUDIO_API_KEY": None}
    return CliRunner().invoke(vllm_studio, words, input=stdin, env=environ)


def newest(home: Path) -> object:
    """The newest fact of a home."""
    store = EventStore.open(home / "main.db", read_only=True)
    [recorded] = store.read_all(newest_first=True, limit=1)
    store.close()
    return recorded.event


@pytest.mark.parametrize("name", ["export", "export.zip", "export.tar"])
def test_a_log_goes_from_one_home_to_another(
    run: Run, lived_in: Path, tmp_path: Path, name: str
) -> None:
    """Without an app: exported, checked, imported; each is told in its log."""
    done = run("audit", "export", str(tmp_path / name))
    assert done.exit_code == 0, done.output
    assert "events are in" in done.output
    assert "Nobody has signed for position" in done.output  # the checkpoint's own fact
    assert isinstance(newest(lived_in), AuditExported)
    done = typed_at(tmp_path / "new", "audit", "import", str(tmp_path / name), "--yes")
    assert done.exit_code == 0, done.output
    assert "✓ The lines of main" in done.output
    assert isinstance(newest(tmp_path / "new"), AuditImported)
    story = typed_at(tmp_path / "new", "events", "-n", "1").output
    assert "were imported" in story


def test_programs_get_it_as_json(run: Run, lived_in: Path, tmp_path: Path) -> None:
    """Of both commands, what they did."""
    answer = json.loads(run("audit", "export", str(tmp_path / "export"), "--json").output)
    assert answer["path"] == str(tmp_path / "export")
    assert [log["log"] for log in answer["logs"]] == ["main", "usage-2026-11"]
    words = ("audit", "import", str(tmp_path / "export"), "--yes", "--json")
    arrived = json.loads(typed_at(tmp_path / "new", *words).output)
    assert arrived["logs"] == ["main", "usage-2026-11"]
    assert arrived["events"] == answer["events"]


def test_a_part_is_exported_by_position_or_time(run: Run, lived_in: Path, tmp_path: Path) -> None:
    """As CloudEvents too; times are this machine's."""
    part = ("--from", "3", "--until", "9", "--format", "cloudevents")
    answer = json.loads(run("audit", "export", str(tmp_path / "a"), *part, "--json").output)
    assert (answer["events"], answer["format"]) == (7, "cloudevents")
    answer = json.loads(
        run("audit", "export", str(tmp_path / "b"), "--from", "2026-11-01", "--json").output
    )
    assert len(answer["logs"]) == 2
    done = run("audit", "export", str(tmp_path / "c"), "--until", "2026-11-01")
    assert done.exit_code == 1
    assert "nothing was recorded then" in done.output.lower()
    assert run("audit", "export", "--from", "soon").exit_code == 2
    done = typed_at(tmp_path / "new", "audit", "import", str(tmp_path / "a"), "--yes")
    assert (done.exit_code, "only positions 3 to 9" in done.output) == (1, True)


def test_what_is_there_is_kept(run: Run, lived_in: Path, tmp_path: Path) -> None:
    """No export over something else, no import over a log."""
    (tmp_path / "mine").write_text("mine")
    done = run("audit", "export", str(tmp_path / "mine"))
    assert (done.exit_code, "already there" in done.output) == (1, True)
    run("audit", "export", str(tmp_path / "export"))
    done = run("audit", "import", str(tmp_path / "export"), "--yes")
    assert (done.exit_code, "there is a log here already" in done.output) == (1, True)


def test_a_home_without_a_log_has_nothing_to_export(run: Run, tmp_path: Path) -> None:
    """And no log is made by asking."""
    done = run("audit", "export", str(tmp_path / "export"))
    assert done.exit_code == 3
    assert not (tmp_path / "export").exists()


def test_an_export_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """In words, without a number of the system's."""
    done = typed_at(tmp_path / "new", "audit", "import", str(tmp_path / "nope"), "--yes")
    assert (done.exit_code, f"there is no {tmp_path / 'nope'}" in done.output) == (1, True)
    assert "Errno" not in done.output


def test_an_import_is_asked_about(run: Run, lived_in: Path, tmp_path: Path) -> None:
    """Where nobody can answer it takes --yes."""
    run("audit", "export", str(tmp_path / "export"))
    done = typed_at(tmp_path / "new", "audit", "import", str(tmp_path / "export"), stdin="y\n")
    assert (done.exit_code, "add --yes" in done.output) == (1, True)
    assert not (tmp_path / "new" / "main.db").exists()


def test_an_export_that_does_not_hold_is_not_imported(
    run: Run, lived_in: Path, tmp_path: Path
) -> None:
    """It says which line of what, and what to do."""
    run("audit", "export", str(tmp_path / "export"))
    lines = tmp_path / "export" / "log.jsonl"
    lines.write_text(lines.read_text().replace('"actor":"cli"', '"actor":"api"', 1))
    done = typed_at(tmp_path / "new", "audit", "import", str(tmp_path / "export"), "--yes")
    assert done.exit_code == 1
    assert "nothing was imported" in done.output.lower()
    assert not (tmp_path / "new" / "main.db").exists()
    done = typed_at(tmp_path / "new", "audit", "import", str(lines), "--yes")
    assert (done.exit_code, "neither a folder" in done.output) == (1, True)


def test_the_key_that_is_known_decides(run: Run, lived_in: Path, tmp_path: Path) -> None:
    """From a file or as it is; a stranger's key refuses the export."""
    run("audit", "export", str(tmp_path / "export"))
    [key, *_] = (tmp_path / "export" / "verifier-key.txt").read_text().splitlines()
    (tmp_path / "key.txt").write_text(key)
    words = ("audit", "import", str(tmp_path / "export"), "--yes", "--key")
    done = typed_at(tmp_path / "new", *words, str(key_of("0" * 36)))
    assert (done.exit_code, "by a known key" in done.output) == (1, True)
    done = typed_at(tmp_path / "new", *words, "rubbish")
    assert (done.exit_code, "--key" in done.output) == (1, True)
    done = typed_at(tmp_path / "new", *words, str(tmp_path / "key.txt"))
    assert done.exit_code == 0, done.output
    assert "signed for by a key you gave" in done.output


def test_with_a_key_an_export_that_nobody_signed_is_refused(
    run: Run, home: Path, tmp_path: Path
) -> None:
    """Whoever names a key wants its word; without one, it is the word of whoever brought it."""
    settings_of(home)
    write_main(home, Moment(2026, 11, 29, 12)).close()
    run("audit", "export", str(tmp_path / "export"))
    words = ("audit", "import", str(tmp_path / "export"), "--yes")
    done = typed_at(tmp_path / "new", *words, "--key", str(key_of("0" * 36)))
    assert (done.exit_code, "nobody has signed" in done.output.lower()) == (1, True)
    done = typed_at(tmp_path / "new", *words)
    assert done.exit_code == 0, done.output
    assert "? Nobody has signed for main." in done.output


def test_an_export_gets_a_name_when_nobody_gives_one(
    run: Run, lived_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the moment, in the folder one stands in."""
    monkeypatch.chdir(tmp_path)
    assert run("audit", "export").exit_code == 0
    [made] = tmp_path.iterdir()
    assert made.name.startswith("vllm-studio-export-20")


# through the app


@pytest.fixture
def serving(home: Path) -> Iterator[Callable[[bytes, int], list[str]]]:
    """An app that answers an export with these bytes, of so many that it promised."""
    servers: list[ThreadingHTTPServer] = []

    def serve(content: bytes, promised: int) -> list[str]:
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(200)
                self.send_header("content-type", "application/zip")
                self.send_header("x-studio-events", "12")
                self.send_header("content-length", str(promised))
                self.end_headers()
                self.wfile.write(content)

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        (home / "run").mkdir(exist_ok=True)
        described = {"pid": os.getpid(), "port": server.server_port, "started_at": 1}
        (home / "run" / "app.json").write_text(json.dumps({**described, "version": "0.1.0"}))
        return asked

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("name", ["export", "export.zip", "export.tar"])
def test_what_the_app_sends_becomes_what_was_wanted(
    run: Run,
    lived_in: Path,
    tmp_path: Path,
    serving: Callable[[bytes, int], list[str]],
    name: str,
) -> None:
    """A folder, a .zip or a .tar; nothing else is left beside it."""
    run("audit", "export", str(tmp_path / "sent.zip"))
    content = (tmp_path / "sent.zip").read_bytes()
    asked = serving(content, len(content))
    target = tmp_path / "there" / name
    done = run("audit", "export", str(target), "--from", "3", "--no-usage")
    assert done.exit_code == 0, done.output
    assert asked == ["/api/audit/export?format=jsonl&from=3&usage=false"]
    assert [path.name for path in target.parent.iterdir()] == [name]
    with bundles.reading(target) as made, zipfile.ZipFile(tmp_path / "sent.zip") as sent:
        assert made.names() == sorted(sent.namelist())
        with made.open("log.jsonl") as lines:
            assert lines.read() == sent.read("log.jsonl")


@pytest.mark.parametrize("name", ["export", "export.zip"])
@pytest.mark.parametrize("ends", ["cut off", "as if it were whole"])
def test_an_answer_that_is_cut_off_leaves_nothing(
    run: Run,
    lived_in: Path,
    tmp_path: Path,
    serving: Callable[[bytes, int], list[str]],
    name: str,
    ends: str,
) -> None:
    """Whether the connection says so or not."""
    run("audit", "export", str(tmp_path / "sent.zip"))
    content = (tmp_path / "sent.zip").read_bytes()
    half = content[: len(content) // 2]
    serving(half, len(content) if ends == "cut off" else len(half))
    done = run("audit", "export", str(tmp_path / "there" / name))
    assert done.exit_code == 3, done.output
    assert list((tmp_path / "there").iterdir()) == []


# when it goes wrong


def long_log(home: Path) -> None:
    """So that an export of it takes a while."""
    settings_of(home)
    store = EventStore.open(home / "main.db")
    for _ in range(30):
        store.append_now("app", [AppStopped(reason="x" * 400)] * 1000, actor="cli")
    store.close()


def started(home: Path, *words: str, before: str = "") -> "subprocess.Popen[str]":
    """The command as a process of its own, after some words to the shell."""
    command = shlex.join([sys.executable, "-m", "desktop", *words])
    return subprocess.Popen(
        ["sh", "-c", f"{before} exec {command}"],
        cwd=ROOT,
        env={**os.environ, "VLLM_STUDIO_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=heeds_interrupts,
    )


def heeds_interrupts() -> None:
    """Also where the tests run in the background, in which a shell lets SIGINT be ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize("name", ["export", "export.zip", "export.tar"])
def test_ctrl_c_leaves_nothing_half(home: Path, tmp_path: Path, name: str) -> None:
    """A real interrupt, in the middle of the lines."""
    long_log(home)
    there = tmp_path / "there"
    there.mkdir()
    for _ in range(10):  # until an interrupt comes in time
        process = started(home, "audit", "export", str(there / name), "--json")
        eventually(
            lambda: any(there.iterdir()) or None, within=60, every=0.005, what="it has begun"
        )
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
        if process.returncode != 0:
            break
        shutil.rmtree(there)
        there.mkdir()
    assert process.returncode != 0, said
    assert list(there.iterdir()) == []


def test_a_full_disk_is_told_and_leaves_nothing(home: Path, tmp_path: Path) -> None:
    """As a file that may not grow, which is the same to us."""
    long_log(home)
    there = tmp_path / "there"
    process = started(home, "audit", "export", str(there / "export"), before="ulimit -f 2000;")
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 1, said
    assert "File too large" in said
    assert list(there.iterdir()) == []
