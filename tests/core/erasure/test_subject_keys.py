"""A destroyed key is nowhere on the disk, and what it sealed says nothing; everything else opens.

Files are searched byte by byte, because that is what somebody with the disk would do.
"""

import os
import random
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from core.erasure import KeyGone, SubjectKeys, Unreadable
from core.erasure.subject_keys import OVERHEAD
from core.secrets import Secrets

ROOT = Path(__file__).parents[3]


@pytest.fixture
def keys(tmp_path: Path) -> SubjectKeys:
    """A database that is not made yet."""
    return SubjectKeys(tmp_path / "keys.db", Secrets(tmp_path / "secrets"))


def on_disk(folder: Path) -> bytes:
    """Everything beside keys.db and in it: its journal too."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("keys.db*")))


def wrapped(folder: Path, subject: str) -> bytes:
    """The key of a subject as it lies on the disk."""
    connection = sqlite3.connect(folder / "keys.db")
    try:
        row = connection.execute(
            "select wrapped from subject_keys where subject = ?", (subject,)
        ).fetchone()
        return bytes(row[0])
    finally:
        connection.close()


def test_what_was_encrypted_opens_in_its_place_alone(keys: SubjectKeys) -> None:
    """Neither as another item, nor as another subject's, nor changed, nor cut."""
    keys.create("a")
    keys.create("b")
    sealed = keys.encrypt("a", "message/1", b"a word")
    assert len(sealed) == len(b"a word") + OVERHEAD
    assert b"a word" not in sealed
    assert keys.decrypt("a", "message/1", sealed) == b"a word"
    assert keys.decrypt("a", "message/2", sealed) is Unreadable.ALTERED
    assert keys.decrypt("b", "message/1", sealed) is Unreadable.ALTERED
    for spoilt in (sealed[:-1], b"", b"\x01", b"\x02" + sealed[1:], sealed[:-1] + b"\0" * 2):
        assert keys.decrypt("a", "message/1", spoilt) is Unreadable.ALTERED


def test_the_same_words_never_look_the_same(keys: SubjectKeys) -> None:
    """Nobody sees that something was said twice."""
    keys.create("a")
    assert len({keys.encrypt("a", "title", b"yes") for _ in range(100)}) == 100


@given(plain=st.binary(max_size=200), at=st.integers(0, 10_000), bit=st.integers(0, 7))
@settings(max_examples=150, deadline=None)
def test_no_flipped_bit_goes_unnoticed(
    plain: bytes, at: int, bit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Wherever it is."""
    keys = _shared(tmp_path_factory)
    sealed = bytearray(keys.encrypt("a", "message/1", plain))
    assert keys.decrypt("a", "message/1", bytes(sealed)) == plain
    sealed[at % len(sealed)] ^= 1 << bit
    assert keys.decrypt("a", "message/1", bytes(sealed)) is Unreadable.ALTERED


_made: list[SubjectKeys] = []


def _shared(factory: pytest.TempPathFactory) -> SubjectKeys:
    if not _made:
        folder = factory.mktemp("keys")
        _made.append(SubjectKeys(folder / "keys.db", Secrets(folder / "secrets")))
        _made[0].create("a")
    return _made[0]


def test_after_destroy_nothing_can_be_read_or_written(keys: SubjectKeys) -> None:
    """Also after a restart; and no new key takes the place of the old."""
    keys.create("a")
    keys.create("b")
    sealed, other = keys.encrypt("a", "title", b"gone"), keys.encrypt("b", "title", b"here")
    assert keys.destroy("a") is True
    assert keys.destroy("a") is False
    keys.create("a")
    for opened in (keys, SubjectKeys(keys._path, keys._secrets)):
        assert opened.decrypt("a", "title", sealed) is Unreadable.ERASED
        assert opened.missing("a") is Unreadable.ERASED
        assert opened.decrypt("b", "title", other) == b"here"
        assert opened.living() == {"b"}
        with pytest.raises(KeyGone):
            opened.encrypt("a", "title", b"again")


def test_no_destroyed_key_is_left_in_any_file(keys: SubjectKeys, tmp_path: Path) -> None:
    """A thousand keys made and destroyed in a random order: exactly the living are on the disk.

    More than fit a page, so that SQLite has every reason to move something.
    """
    chance = random.Random(20261130)
    there: dict[str, bytes] = {}
    gone: list[bytes] = []
    for number in range(1000):
        subject = f"conversation-{number}"
        keys.create(subject)
        there[subject] = wrapped(tmp_path, subject)
        while there and chance.random() < 0.45:
            victim = chance.choice(sorted(there))
            keys.destroy(victim)
            gone.append(there.pop(victim))
        if number % 97 == 0 or number > 990:
            disk = on_disk(tmp_path)
            assert [key for key in gone if key in disk or key[12:44] in disk] == []
            assert [key for key in there.values() if disk.count(key) != 1] == []
    assert len(gone) > 400
    assert (tmp_path / "keys.db-journal").stat().st_size == 0
    assert not (tmp_path / "keys.db-wal").exists()


def test_neither_key_nor_erasure_key_lies_bare_in_the_database(
    keys: SubjectKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database alone opens nothing."""
    made: list[bytes] = []
    generate = AESGCM.generate_key

    def seen(bits: int) -> bytes:
        made.append(generate(bits))
        return made[-1]

    monkeypatch.setattr(AESGCM, "generate_key", staticmethod(seen))
    keys.create("a")
    keys.encrypt("a", "title", b"x")
    assert len(made) == 1
    assert made[0] not in on_disk(tmp_path)
    (tmp_path / "secrets" / "erasure-key").unlink()
    assert keys.missing("a") is Unreadable.LOST
    assert not (tmp_path / "secrets" / "erasure-key").exists(), "reading makes no new one"


@pytest.mark.skipif(os.name != "posix", reason="rights of files are POSIX's")
def test_its_files_are_for_the_owner_alone(keys: SubjectKeys, tmp_path: Path) -> None:
    """From birth, whatever the umask; the journal as well."""
    before = os.umask(0)
    try:
        keys.create("a")
        keys.destroy("a")
    finally:
        os.umask(before)
    for path in (*tmp_path.glob("keys.db*"), tmp_path / "secrets" / "erasure-key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_looking_makes_no_database(keys: SubjectKeys, tmp_path: Path) -> None:
    """Who never had a conversation has no keys.db."""
    assert keys.living() == frozenset()
    assert keys.missing("a") is Unreadable.LOST
    assert keys.destroy("a") is False
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_was_brought_back_under_another_name_does_not_open(
    keys: SubjectKeys, tmp_path: Path
) -> None:
    """Rows can not be exchanged."""
    keys.create("a")
    keys.create("b")
    connection = sqlite3.connect(tmp_path / "keys.db")
    connection.execute(
        "update subject_keys set wrapped = (select wrapped from subject_keys where subject = 'b')"
        " where subject = 'a'"
    )
    connection.commit()
    connection.close()
    assert keys.missing("a") is Unreadable.LOST
    assert keys.missing("b") is None


CUT = """
import os, sys
from pathlib import Path
from core.erasure import subject_keys
from core.secrets import Secrets
folder, where = Path(sys.argv[1]), sys.argv[2]
keys = subject_keys.SubjectKeys(folder / "keys.db", Secrets(folder / "secrets"))
keys.living()
def dies(*_): os._exit(9)
if where == "before the journal is wiped":
    subject_keys._wipe = dies
else:
    import sqlite3
    connection = keys._opened()
    class Dying:
        def __getattr__(self, name): return getattr(connection, name)
        def execute(self, sql, *rest):
            if sql == "commit": dies()
            return connection.execute(sql, *rest)
    keys._connection = Dying()
keys.destroy("a")
"""


@pytest.mark.parametrize("where", ["before the commit", "before the journal is wiped"])
def test_a_crash_while_destroying_leaves_the_key_or_nothing(tmp_path: Path, where: str) -> None:
    """Never half of it; and what it left in the journal is gone with the next opening."""
    keys = SubjectKeys(tmp_path / "keys.db", Secrets(tmp_path / "secrets"))
    keys.create("a")
    keys.create("b")
    key = wrapped(tmp_path, "a")
    keys.close()
    died = subprocess.run(
        [sys.executable, "-c", CUT, str(tmp_path), where], cwd=ROOT, check=False, timeout=60
    )
    assert died.returncode == 9
    if where == "before the journal is wiped":
        assert key in (tmp_path / "keys.db-journal").read_bytes(), "the test cuts where it says"
    again = SubjectKeys(tmp_path / "keys.db", Secrets(tmp_path / "secrets"))
    expected = None if where == "before the commit" else Unreadable.ERASED
    assert again.missing("a") is expected
    assert again.missing("b") is None
    again.destroy("a")
    assert key not in on_disk(tmp_path)
    again.close()
