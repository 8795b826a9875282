"""The files outside: only added to, whole or not there, and read whatever lies between."""

import os
import random
from pathlib import Path

import pytest

from core.auditing.notes import NotesFolder, notes_in
from events.audit.checkpoint import Checkpoint, origin_of, signed, signer_for
from events.audit.note import Verifier

LOG = "0199-log"
SEED = bytes(range(32))
KNOWN = (signer_for(LOG, SEED).verifier,)


def note_of(size: int, seed: bytes = SEED) -> str:
    """A signed note; the root is made up."""
    root = size.to_bytes(32, "big")
    return signed(Checkpoint(origin_of(LOG), size, root), signer_for(LOG, seed))


@pytest.fixture
def folder(tmp_path: Path) -> NotesFolder:
    """A folder that is made with its first note."""
    return NotesFolder(tmp_path / "elsewhere" / "notes")


def newest(folder: NotesFolder, known: tuple[Verifier, ...] = KNOWN) -> int | None:
    """How much the newest note tells."""
    kept = folder.newest(LOG, known)
    return kept.checkpoint.size if kept else None


def test_notes_stand_one_after_the_other(folder: NotesFolder) -> None:
    """For nobody but the owner to read; each is found as it was written."""
    notes = [note_of(size) for size in (1, 7, 300)]
    for note in notes:
        folder.append(note)
    path = folder.path_of(LOG)
    assert path.read_text() == "".join(notes)
    assert list(notes_in(path.read_text())) == notes
    assert newest(folder) == 300
    assert folder.log_ids() == (LOG,)
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
        assert folder.folder.stat().st_mode & 0o777 == 0o700


def test_where_nothing_is_kept_nothing_is_known(folder: NotesFolder) -> None:
    """A first start."""
    assert newest(folder) is None
    assert folder.log_ids() == ()


def test_a_note_cut_off_at_any_byte_costs_only_itself(folder: NotesFolder) -> None:
    """What stands before it counts, and so does what is added after it."""
    first, second, third = note_of(5), note_of(6), note_of(7)
    path = folder.path_of(LOG)
    for cut in range(len(second.encode())):
        folder.folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(first.encode() + second.encode()[:cut])
        assert newest(folder) == 5, cut
        folder.append(third)
        assert newest(folder) == 7, cut
        assert first in list(notes_in(path.read_text(errors="replace"))), cut


def test_zeros_and_rubbish_between_notes_are_passed_over(folder: NotesFolder) -> None:
    """A power cut may leave a file longer than what reached it."""
    chance = random.Random(3)
    folder.append(note_of(5))
    path = folder.path_of(LOG)
    for size in range(6, 30):
        with path.open("ab") as file:
            file.write(chance.choice((bytes(512), chance.randbytes(40), b"\n\n", b"\xe2\x80")))
        assert newest(folder) == size - 1
        folder.append(note_of(size))
        assert newest(folder) == size


def test_only_what_somebody_known_signed_counts(folder: NotesFolder) -> None:
    """Anybody may write into a synced folder; nobody else can sign."""
    folder.append(note_of(5))
    folder.append(note_of(9, seed=bytes(32)))
    assert newest(folder) == 5
    assert newest(folder, (signer_for(LOG, bytes(32)).verifier,)) == 9
    assert newest(folder, ()) is None


def test_a_long_file_is_read_from_its_end(folder: NotesFolder) -> None:
    """A file grows for years; the start of the studio does not."""
    folder.append(note_of(1))
    with folder.path_of(LOG).open("ab") as file:
        file.write(b"x" * 200_000 + b"\n")
    assert newest(folder) is None
    for size in range(2, 600):
        folder.append(note_of(size))
    assert newest(folder) == 599
