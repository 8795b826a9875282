"""On disk: nothing in the clear, nothing of an erased day, nothing that was moved."""

from pathlib import Path

import msgspec
import pytest

from core.captures import CapturedBody, CaptureRecord, Vault
from core.secrets import Secrets

DAY = "2026-11-24"
SAID = b"the patient's name is Ada"
RECORD = CaptureRecord(
    request_id="01a20847-03dc-7000-9da0-f69cf7a6aa60",
    captured_at=1_795_435_201_500_000,
    path="/v1/chat/completions",
    model="m",
    key_id="k1",
    outcome="ok",
    status=200,
    question=CapturedBody(data=SAID, size=len(SAID)),
    answer=CapturedBody(data=b"Ada", size=1000),
)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """An empty one."""
    return made(tmp_path)


def made(home: Path) -> Vault:
    """One that knows what is on disk, and nothing else."""
    return Vault(home / "captures", Secrets(home / "secrets"))


def files(home: Path) -> list[Path]:
    """Everything under captures."""
    return sorted(path for path in (home / "captures").rglob("*") if path.is_file())


def test_what_is_kept_is_read_again_by_another_process(vault: Vault, tmp_path: Path) -> None:
    """Bodies whole, and what was left out is known."""
    size = vault.write(DAY, RECORD)
    assert made(tmp_path).read(RECORD.request_id) == RECORD
    assert RECORD.question.is_whole
    assert not RECORD.answer.is_whole
    assert vault.count(DAY) == (1, size)
    assert vault.read("another") is None


def test_nothing_lies_in_the_clear_and_nobody_else_may_look(vault: Vault, tmp_path: Path) -> None:
    """Neither words nor keys; only for the owner's eyes."""
    vault.write(DAY, RECORD)
    written = b"".join(path.read_bytes() for path in files(tmp_path))
    assert SAID not in written
    assert b"/v1/chat" not in written
    assert {path.stat().st_mode & 0o777 for path in files(tmp_path)} == {0o600}
    assert (tmp_path / "captures" / DAY).stat().st_mode & 0o777 == 0o700


def test_two_records_of_the_same_words_are_not_alike(vault: Vault, tmp_path: Path) -> None:
    """Another nonce each time."""
    other = msgspec.structs.replace(RECORD, request_id="other")
    vault.write(DAY, RECORD)
    vault.write(DAY, other)
    one, two = (p.read_bytes() for p in files(tmp_path) if p.name != "key")
    assert one[:12] != two[:12]


@pytest.mark.parametrize("how", ["renamed", "changed", "another day's"])
def test_what_was_meddled_with_does_not_open(vault: Vault, tmp_path: Path, how: str) -> None:
    """It is as if it were not there."""
    vault.write(DAY, RECORD)
    vault.write("2026-11-25", msgspec.structs.replace(RECORD, request_id="other"))
    file = tmp_path / "captures" / DAY / RECORD.request_id
    wanted = RECORD.request_id
    if how == "renamed":
        wanted = "renamed"
        file.rename(file.with_name(wanted))
    elif how == "changed":
        data = bytearray(file.read_bytes())
        data[-1] ^= 1
        file.write_bytes(data)
    else:
        file.rename(tmp_path / "captures" / "2026-11-25" / file.name)
    assert vault.read(wanted) is None


def test_a_day_without_its_key_is_gone_even_while_its_files_are_there(
    vault: Vault, tmp_path: Path
) -> None:
    """As a crash in the middle of erasing leaves it; the same process has forgotten it too."""
    vault.write(DAY, RECORD)
    copy = (tmp_path / "captures" / DAY / RECORD.request_id).read_bytes()
    vault.forget_key(DAY)
    assert vault.read(RECORD.request_id) is None
    assert made(tmp_path).read(RECORD.request_id) is None
    vault.clear(DAY)
    assert vault.days() == []
    vault.write(DAY, msgspec.structs.replace(RECORD, request_id="new"))
    (tmp_path / "captures" / DAY / RECORD.request_id).write_bytes(copy)
    assert vault.read(RECORD.request_id) is None  # another key, another day
    assert vault.read("new") is not None


def test_a_lost_capture_key_loses_what_it_opened_and_no_more(vault: Vault, tmp_path: Path) -> None:
    """What comes after is kept under a new one."""
    vault.write(DAY, RECORD)
    Secrets(tmp_path / "secrets").delete("capture-key")
    later = made(tmp_path)
    assert later.read(RECORD.request_id) is None
    later.write(DAY, RECORD)
    assert later.read(RECORD.request_id) == RECORD


@pytest.mark.parametrize("name", ["key", "../secrets/capture-key", ".x", "", "a" * 99])
def test_an_id_is_no_path(vault: Vault, name: str) -> None:
    """Whatever is asked for, only records are opened."""
    vault.write(DAY, RECORD)
    assert vault.read(name) is None
    with pytest.raises(OSError, match="can not be the name"):
        vault.write(DAY, msgspec.structs.replace(RECORD, request_id=name))


def test_who_clears_the_folder_away_by_hand_breaks_nothing(vault: Vault, tmp_path: Path) -> None:
    """The next record begins the day anew."""
    vault.write(DAY, RECORD)
    (tmp_path / "captures" / DAY).rename(tmp_path / "elsewhere")
    vault.write(DAY, RECORD)
    assert vault.read(RECORD.request_id) == RECORD
