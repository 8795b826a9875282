"""What was put comes back as it was or not at all, nothing of it is in clear, and it goes."""

import hashlib
import os
from pathlib import Path

import pytest

from core.blobs import Blobs
from core.erasure import KeyGone, SubjectKeys, Unreadable
from core.errors import Unavailable
from core.secrets import Secrets

A, B = "conversation-0a", "research-0b"
CANARY = b"canary-7f3a" * 100


@pytest.fixture
def keys(tmp_path: Path) -> SubjectKeys:
    """Keys of two subjects."""
    keys = SubjectKeys(tmp_path / "keys.db", Secrets(tmp_path / "secrets"))
    keys.create(A)
    keys.create(B)
    return keys


@pytest.fixture
def blobs(tmp_path: Path, keys: SubjectKeys) -> Blobs:
    """An empty folder, not made yet."""
    return Blobs(tmp_path / "blobs", keys)


def files(folder: Path) -> list[Path]:
    """Every file of every subject."""
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_very_bytes_come_back_and_none_lies_in_clear(tmp_path: Path, blobs: Blobs) -> None:
    """Not even a hash that could be compared with that of a known file."""
    ref = blobs.put(A, CANARY)
    assert ref.size == len(CANARY)
    assert blobs.get(A, ref.sha256) == CANARY
    (file,) = files(tmp_path / "blobs")
    assert b"canary" not in file.read_bytes()
    assert ref.sha256 not in str(file)
    assert blobs.size(A) == file.stat().st_size
    if os.name == "posix":
        assert file.stat().st_mode & 0o077 == 0
        for folder in (file.parent, tmp_path / "blobs"):  # names of subjects are nobody's business
            assert folder.stat().st_mode & 0o077 == 0


def test_the_same_bytes_are_kept_once_and_mended_where_they_were_spoilt(
    tmp_path: Path, blobs: Blobs
) -> None:
    """By subject: what one says does not keep what another said."""
    ref = blobs.put(A, CANARY)
    assert blobs.put(A, CANARY) == ref
    (file,) = files(tmp_path / "blobs")
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert blobs.get(A, ref.sha256) is Unreadable.ALTERED
    blobs.put(A, CANARY)
    assert blobs.get(A, ref.sha256) == CANARY
    assert blobs.get(B, ref.sha256) is Unreadable.LOST


def test_a_file_opens_in_its_place_alone(tmp_path: Path, blobs: Blobs) -> None:
    """Whoever exchanges two files, or moves one to another subject, gets neither read."""
    one, two = blobs.put(A, b"one"), blobs.put(A, b"two")
    first, second = files(tmp_path / "blobs")
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)
    assert blobs.get(A, one.sha256) is Unreadable.ALTERED
    assert blobs.get(A, two.sha256) is Unreadable.ALTERED


def test_after_an_erasure_it_says_nothing_and_goes(
    tmp_path: Path, keys: SubjectKeys, blobs: Blobs
) -> None:
    """A crash between the key and the files is finished by the next look."""
    ref = blobs.put(A, CANARY)
    keys.destroy(A)
    assert blobs.get(A, ref.sha256) is Unreadable.ERASED
    assert not blobs.touch(A, ref.sha256)
    with pytest.raises(KeyGone):
        blobs.put(A, b"more")
    assert blobs.subjects() == (A,)
    assert blobs.tidy(A, (), before=0) == 1
    assert blobs.subjects() == ()
    blobs.put(B, CANARY)
    blobs.drop(B)
    assert files(tmp_path / "blobs") == []


def test_what_nobody_named_goes_after_a_while(tmp_path: Path, blobs: Blobs) -> None:
    """Named ones stay however old; touched ones are young; halves of a crash go."""
    named, orphan, touched = (blobs.put(A, word) for word in (b"named", b"orphan", b"touched"))
    half = tmp_path / "blobs" / A / ("0" * 64 + ".new")
    half.write_bytes(b"half")
    for file in files(tmp_path / "blobs"):
        os.utime(file, (100, 100))
    assert blobs.touch(A, touched.sha256)
    assert blobs.tidy(A, {named.sha256}, before=50) == 0
    assert blobs.tidy(A, {named.sha256}, before=200) == 2
    assert blobs.get(A, orphan.sha256) is Unreadable.LOST
    assert blobs.get(A, named.sha256) == b"named"
    assert blobs.get(A, touched.sha256) == b"touched"
    assert not blobs.touch(A, orphan.sha256)


def test_while_a_key_is_only_missing_nothing_is_removed(tmp_path: Path, blobs: Blobs) -> None:
    """A backup of keys.db may bring it back."""
    ref = blobs.put(A, CANARY)
    elsewhere = SubjectKeys(tmp_path / "other.db", Secrets(tmp_path / "other"))
    lost = Blobs(tmp_path / "blobs", elsewhere)
    assert lost.get(A, ref.sha256) is Unreadable.LOST
    assert lost.tidy(A, (), before=2**60) == 0
    assert blobs.get(A, ref.sha256) == CANARY


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_said_and_leaves_nothing_half(
    tmp_path: Path, keys: SubjectKeys, blobs: Blobs
) -> None:
    """The write itself fails here, not a stand-in for it."""
    blobs.put(A, b"first")
    ref_name = keys.name(A, "blob/" + hashlib.sha256(CANARY).hexdigest())
    half = tmp_path / "blobs" / A / (ref_name + ".new")
    half.symlink_to("/dev/full")
    with pytest.raises(Unavailable, match="can not be kept now: No space left") as told:
        blobs.put(A, CANARY)
    assert "has room" in told.value.next_action
    assert len(files(tmp_path / "blobs")) == 1
    assert blobs.get(A, blobs.put(A, CANARY).sha256) == CANARY


def test_a_place_that_is_no_folder_is_said(tmp_path: Path, keys: SubjectKeys) -> None:
    """As a disk that may only be read: nothing is kept, and it says so."""
    (tmp_path / "blobs").write_text("")
    with pytest.raises(Unavailable, match="can not be kept now"):
        Blobs(tmp_path / "blobs", keys).put(A, CANARY)


def test_names_that_lead_elsewhere_are_refused(blobs: Blobs) -> None:
    """Subjects are made by this program; one with a slash is a mistake of it."""
    for subject in ("../conversation-1", "conversation-1/x", "conversation", ""):
        with pytest.raises(ValueError, match="no subject"):
            blobs.drop(subject)
    with pytest.raises(ValueError, match="SHA-256"):
        blobs.get(A, "../../main.db")
