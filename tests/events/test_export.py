"""An export is the log's own lines, and proves itself wherever it is taken."""

import hashlib
import json
import os
import sqlite3
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from events import codec
from events.audit import bundles
from events.audit.bundles import BundleInvalid
from events.audit.checkpoint import peek
from events.audit.export import LogToExport, write
from events.audit.manifest import from_base64
from events.audit.sources import LiveLog
from events.errors import LogDamaged, LogUnavailable
from events.facts import AppStopped
from events.store import EventStore
from tests.events.conftest import Open, append_foreign, append_story
from tests.events.exports import (
    claims_of,
    disproved,
    export_log,
    key_of,
    made,
    note_of,
    proved_until,
)
from tests.events.stories import a_day

KINDS = ("export", "export.zip", "export.tar")


@pytest.fixture
def day(log: EventStore) -> EventStore:
    """A log with a whole day in it."""
    append_story(log, a_day())
    return log


@pytest.mark.parametrize("name", KINDS)
def test_every_line_is_the_canonical_line(day: EventStore, tmp_path: Path, name: str) -> None:
    """In order, byte for byte, in each kind of file."""
    export_log(day, tmp_path / name)
    with bundles.reading(tmp_path / name) as bundle, bundle.open("log.jsonl") as file:
        lines = file.read().split(b"\n")
    assert lines.pop() == b""
    assert lines == [codec.canonical_line(one) for one in day.read_all()]


@pytest.mark.parametrize("name", KINDS)
def test_an_export_proves_itself(day: EventStore, tmp_path: Path, name: str) -> None:
    """All lines, all signed for, by the key that is known."""
    export_log(day, tmp_path / name)
    claims = claims_of(tmp_path / name, key_of(day.log_id))
    assert {one.verdict for one in claims} == {"proved"}
    assert [one.until for one in claims if one.name == "signature"] == [day.head]


def test_a_stranger_s_shell_can_check_a_line(day: EventStore, tmp_path: Path) -> None:
    """What the README says, with nothing of ours: the hash is the leaf in the log."""
    export_log(day, tmp_path / "export")
    readme = (tmp_path / "export" / "README.txt").read_text()
    [command] = [line.strip() for line in readme.splitlines() if "sed -n 5p" in line]
    found = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path / "export", capture_output=True, text=True, check=True
    )
    assert found.stdout.split()[0] == day.read_all(4, 1)[0].leaf.hex()


def test_the_manifest_tells_every_file(day: EventStore, tmp_path: Path) -> None:
    """Sizes and hashes of all but itself, and the root that the checkpoint signs for."""
    manifest = export_log(day, tmp_path / "export")
    folder = tmp_path / "export"
    assert {*manifest.files, "manifest.json"} == {path.name for path in folder.iterdir()}
    for name, told in manifest.files.items():
        content = (folder / name).read_bytes()
        assert (told.bytes, told.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    [main] = manifest.logs
    note = peek((folder / "checkpoint.note").read_text())
    assert (main.last, from_base64(main.root)) == (note.size, note.root)
    assert (main.size, main.signed, main.log_id) == (day.head, day.head, day.log_id)


def test_nobody_else_may_read_an_export(day: EventStore, tmp_path: Path) -> None:
    """It is as private as the log."""
    for name in KINDS:
        export_log(day, tmp_path / name)
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
    for path in (tmp_path / "export").iterdir():
        assert path.stat().st_mode & 0o077 == 0


# parts


def test_every_part_of_a_log_is_proved(log: EventStore, tmp_path: Path) -> None:
    """Wherever it begins, ends, and whatever is signed for: before it, in it, or after it."""
    append_story(log, a_day(1))
    for first in range(1, log.head + 1):
        for last in range(first, log.head + 1, 3):
            for signed in range(1, log.head + 1, 4):
                target = tmp_path / f"{first}-{last}-{signed}"
                export_log(log, target, first=first, last=last, signed=signed)
                assert disproved(target) == []
                assert proved_until(target, "lines") == last
                assert proved_until(target, "signature") == min(signed, last)


def test_a_part_of_a_long_log_is_proved(log: EventStore, tmp_path: Path) -> None:
    """Where whole tiles stand for what is not exported."""
    log.append_now("app", [AppStopped(reason=str(n)) for n in range(1500)], actor="cli")
    for number, (first, last, signed) in enumerate(
        [(1, 1501, 1501), (256, 257, 1501), (257, 1025, 1200), (1300, 1400, 700), (513, 600, 512)]
    ):
        target = tmp_path / str(number)
        export_log(log, target, first=first, last=last, signed=signed)
        assert disproved(target) == []
        assert proved_until(target, "signature") == min(signed, last)


def test_a_part_that_was_changed_is_not_proved(log: EventStore, tmp_path: Path) -> None:
    """A line, a peak before it, a hash of the proof: each is noticed."""
    append_story(log, a_day(4))
    for number, change in enumerate(("line", "before", "proof", "signed")):
        target = tmp_path / str(number)
        export_log(log, target, first=8, last=20, signed=23)
        _spoil(target, change)
        assert disproved(target) != []


def _spoil(folder: Path, what: str) -> None:
    """Change one thing, and make the manifest's hashes of files fit again."""
    manifest = json.loads((folder / "manifest.json").read_text())
    [log] = manifest["logs"]
    if what == "line":
        text = (folder / "log.jsonl").read_text().replace('"actor":"cli"', '"actor":"api"', 1)
        (folder / "log.jsonl").write_text(text)
    elif what == "signed":
        log["signed"] = 22
    else:
        log[what][0] = log["root"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    _make_hashes_fit(folder)


def _make_hashes_fit(folder: Path) -> None:
    """As a forger would."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, told in manifest["files"].items():
        content = (folder / name).read_bytes()
        told |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_what_nobody_signed_for_is_said(day: EventStore, tmp_path: Path) -> None:
    """An older checkpoint proves what it covers, and the rest is named."""
    export_log(day, tmp_path / "older", signed=10)
    [rest] = [one for one in claims_of(tmp_path / "older") if one.name == "rest"]
    assert (rest.verdict, "positions 11 to" in rest.sentence) == ("not-provable", True)
    assert "nobody has signed for the last" in (tmp_path / "older" / "README.txt").read_text()
    export_log(day, tmp_path / "never", signed=None)
    verdicts = {one.name: one.verdict for one in claims_of(tmp_path / "never")}
    assert verdicts == {"files": "proved", "lines": "proved", "signature": "not-provable"}
    assert not (tmp_path / "never" / "checkpoint.note").exists()


# forgeries


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[:4] + lines[5:],
        lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]],
        lambda lines: lines[:-1],
        lambda lines: [*lines, lines[-1]],
        lambda lines: [lines[0].replace(b" ", b""), b"{}", *lines[2:]],
        lambda lines: [*lines[:-1], lines[-1][:40]],
    ],
    ids=["taken out", "exchanged", "cut off", "doubled", "no line", "half"],
)
def test_lines_that_were_meddled_with_are_refused(
    day: EventStore, tmp_path: Path, change: object
) -> None:
    """Also when the manifest's hash of the file was made to fit."""
    export_log(day, tmp_path / "export")
    file = tmp_path / "export" / "log.jsonl"
    assert callable(change)
    file.write_bytes(b"".join(line + b"\n" for line in change(file.read_bytes().splitlines())))
    _make_hashes_fit(tmp_path / "export")
    [sentence] = disproved(tmp_path / "export")
    assert "log.jsonl" in sentence


def test_another_history_signed_by_another_key_is_refused(day: EventStore, tmp_path: Path) -> None:
    """Whoever knows the key is not taken in by the one that comes with the export."""
    export_log(day, tmp_path / "export")
    stranger = key_of(day.log_id, b"\x08" * 32)
    assert disproved(tmp_path / "export", key_of(day.log_id)) == []
    assert disproved(tmp_path / "export", stranger) == [
        "checkpoint.note: no signature under the note is by a known key."
    ]


def test_a_checkpoint_of_another_log_proves_nothing(
    day: EventStore, opened: Open, tmp_path: Path
) -> None:
    """Also when the same key signed it."""
    other = EventStore.open(tmp_path / "other.db")
    source = LiveLog(other.path, "main")
    export_log(day, tmp_path / "export")
    (tmp_path / "export" / "checkpoint.note").write_text(note_of(source))
    (tmp_path / "export" / "verifier-key.txt").write_text(f"{key_of(other.log_id)}\n")
    assert len(disproved(tmp_path / "export")) == 3  # two files, and the signature
    source.close()
    other.close()


def test_a_damaged_log_is_exported_as_it_stands_and_says_so(
    day: EventStore, tmp_path: Path
) -> None:
    """It may be evidence. Whoever checks it sees that it is not what was signed for."""
    source = LiveLog(day.path, "main")
    note = note_of(source)
    source.close()
    day.close()
    _change_an_event(day.path)
    source = LiveLog(day.path, "main")
    log = LogToExport(source=source, first=1, last=source.size, note=note)
    manifest = write(made(log, keys=[str(key_of(source.log_id))]), tmp_path / "export")
    source.close()
    assert manifest.warnings == ("the lines of main are not those that were written",)
    assert "does not sign for these lines" in disproved(tmp_path / "export")[0]


def _change_an_event(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("drop trigger events_no_update")
    connection.execute("update events set actor = 'somebody else' where position = 7")
    connection.commit()
    connection.close()


def test_a_line_break_in_an_event_is_no_line_break_in_the_export(
    day: EventStore, tmp_path: Path
) -> None:
    """Text with one is escaped; data that a foreign version wrote over two lines is refused."""
    day.append_now("app", [AppStopped(reason="one\ntwo\u2028three")], actor="cli")
    export_log(day, tmp_path / "export")
    assert disproved(tmp_path / "export") == []
    append_foreign(day, "app", "app-laid-out", b'{\n"a": 1}')
    with pytest.raises(LogDamaged, match="line break"):
        export_log(day, tmp_path / "again")
    assert [path.name for path in tmp_path.iterdir() if "again" in path.name] == []


# while it is made


def test_the_log_goes_on_while_it_is_exported(day: EventStore, tmp_path: Path) -> None:
    """One consistent picture, whatever is appended in the meantime; nothing waits."""
    append_story(day, a_day(120))
    source = LiveLog(day.path, "main")
    size = source.size
    log = LogToExport(source=source, first=1, last=size, note=note_of(source))
    export = made(log, keys=[str(key_of(day.log_id))])
    told = []

    def more(done: int) -> None:
        told.append(done)
        append_story(day, a_day(1))

    write(export, tmp_path / "export.zip", told=more)
    source.close()
    assert told[-1] == size == export.events
    assert len(told) > 1
    assert all(before < after for before, after in pairwise(told))
    assert day.head > size
    assert disproved(tmp_path / "export.zip") == []
    assert proved_until(tmp_path / "export.zip", "lines") == size


@pytest.mark.parametrize("name", KINDS)
def test_one_who_gives_up_leaves_nothing(day: EventStore, tmp_path: Path, name: str) -> None:
    """Ctrl-C in the middle: no half export, no scratch file."""
    source = LiveLog(day.path, "main")
    export = made(LogToExport(source=source, first=1, last=source.size))
    folder = tmp_path / "there"

    def give_up(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(export, folder / name, told=give_up)
    source.close()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", KINDS)
def test_what_a_killed_export_left_is_taken_away_by_the_next(
    day: EventStore, tmp_path: Path, name: str
) -> None:
    """A half one is not in the way and is never taken for a whole."""
    draft = tmp_path / f".{name}.part"
    if name == "export":
        draft.mkdir()
        (draft / "log.jsonl").write_text("half")
    else:
        draft.write_text("half")
    export_log(day, tmp_path / name)
    assert not draft.exists()
    assert disproved(tmp_path / name) == []


def test_what_is_there_is_not_written_over(day: EventStore, tmp_path: Path) -> None:
    """A folder, a file, an earlier export."""
    (tmp_path / "export.zip").write_text("mine")
    with pytest.raises(BundleInvalid, match="is already there"):
        export_log(day, tmp_path / "export.zip")
    assert (tmp_path / "export.zip").read_text() == "mine"


def test_a_file_that_is_no_export_is_told_as_such(tmp_path: Path) -> None:
    """In a sentence, whatever it is."""
    (tmp_path / "text").write_text("hello")
    (tmp_path / "folder").mkdir()
    (tmp_path / "torn.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    for name in ("text", "folder", "torn.zip", "nothing"):
        with pytest.raises(BundleInvalid):
            claims_of(tmp_path / name)


def test_a_torn_file_is_told_as_such(day: EventStore, tmp_path: Path) -> None:
    """A disk error in the middle of a .zip does not end in a traceback."""
    export_log(day, tmp_path / "export.zip")
    content = bytearray((tmp_path / "export.zip").read_bytes())
    content[200:240] = os.urandom(40)
    (tmp_path / "export.zip").write_bytes(content)
    with pytest.raises(BundleInvalid, match="damaged"):
        disproved(tmp_path / "export.zip")


def test_a_log_that_is_not_there_can_not_be_exported(tmp_path: Path) -> None:
    """And none is made by asking for it."""
    with pytest.raises(LogUnavailable):
        LiveLog(tmp_path / "main.db", "main")
    assert list(tmp_path.iterdir()) == []


def test_a_zip_that_wants_a_password_is_said_to_be_none_of_ours(
    day: EventStore, tmp_path: Path
) -> None:
    """Not told by a traceback."""
    path = tmp_path / "export.zip"
    export_log(day, path)
    data = path.read_bytes()
    at = data.index(b"PK\1\2") + 8  # the flags of the first entry in the table of contents
    path.write_bytes(data[:at] + b"\1" + data[at + 1 :])
    with bundles.reading(path) as bundle, pytest.raises(BundleInvalid, match="password"):
        bundle.open("log.jsonl")
