"""Words that must not be found where they do not belong, and the search for them.

Each canary is planted once and looked for everywhere, in the forms in which it could have flown:
as it is, in base64 at each offset, in hex, in UTF-16, percent-encoded; also in archives and packed
files. Databases are read row by row too, because a long value is split over their pages.
"""

import base64
import gzip
import io
import lzma
import os
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from urllib.parse import quote

import psutil

SQLITE = b"SQLite format 3"
SKIPPED = ("runtimes",)  # installed programs, linked; nothing of ours writes there


class Cage:
    """The canaries of one test, by name."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}
        self._forms: dict[str, tuple[bytes, ...]] = {}

    def new(self, name: str, shape: str = "{}") -> str:
        """A word nobody else says; `shape` such as "sk-{}"."""
        return self.adopt(name, shape.format(f"cnry{token_hex(16)}"))

    def adopt(self, name: str, word: str) -> str:
        """One that somebody else has made. A name that is planted again is looked for twice."""
        while name in self.words:
            name += "+"
        self.words[name] = word
        self._forms[name] = tuple(forms(word))
        return word

    def found_in(self, data: bytes) -> set[str]:
        """The names of those that are in it, also packed."""
        return {
            name
            for piece in unpacked(data)
            for name, known in self._forms.items()
            if any(form in piece for form in known)
        }


def forms(word: str) -> Iterator[bytes]:
    """Everything it is looked for as."""
    plain = word.encode()
    yield plain
    yield word.encode("utf-16-le")
    yield plain.hex().encode()
    if (quoted := quote(word, safe="").encode()) != plain:
        yield quoted
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + plain).rstrip(b"=")
        yield encoded[4:-4]
        yield base64.urlsafe_b64encode(bytes(shift) + plain).rstrip(b"=")[4:-4]


def in_files(home: Path, cage: Cage) -> Mapping[str, set[str]]:
    """Canary → the files of a home that hold it, as paths in it."""
    found: dict[str, set[str]] = {name: set() for name in cage.words}
    for path in _files(home):
        shown = path.relative_to(home).as_posix()
        for data in _contents(path):
            for name in cage.found_in(data):
                found[name].add(shown)
    return {name: places for name, places in found.items() if places}


def _files(home: Path) -> Iterator[Path]:
    for folder, inside, names in os.walk(home):  # one that is gone meanwhile holds nothing
        if Path(folder) == home:
            inside[:] = [name for name in inside if name not in SKIPPED]
        for path in (Path(folder) / name for name in sorted(names)):
            if path.is_file() and not path.is_symlink():
                yield path


def _contents(path: Path) -> Iterator[bytes]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:  # a journal, a scratch file: gone by now
        return
    yield path.name.encode()
    yield data
    if data.startswith(SQLITE):  # with what stands in its WAL
        try:
            yield from _rows(lambda: sqlite3.connect(f"file:{path}?mode=ro", uri=True))
        except sqlite3.OperationalError:
            if path.exists():  # else gone by now, as a scratch file is
                raise


def unpacked(data: bytes, deep: int = 3) -> Iterator[bytes]:
    """The bytes, and what is in them where they are an archive, compressed, or a database."""
    yield data
    if deep == 0 or not data:
        return
    if data.startswith(b"PK"):
        with suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield from unpacked(archive.read(name), deep - 1)
    elif data.startswith(SQLITE):
        yield from _rows(lambda: _image(data))
    for start in (0, data.find(b"\n") + 1):  # a snapshot begins with a line about itself
        for unpack in (gzip.decompress, zlib.decompress, lzma.decompress):
            try:
                inside = unpack(data[start:])
            except (OSError, EOFError, MemoryError, zlib.error, lzma.LZMAError):
                continue
            yield from unpacked(inside, deep - 1)


def _image(data: bytes) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.deserialize(data[:18] + b"\x01\x01" + data[20:])  # without a WAL
    return connection


def _rows(open_it: Callable[[], sqlite3.Connection]) -> Iterator[bytes]:
    """Every value of every table."""
    connection = open_it()
    try:
        connection.text_factory = bytes
        tables = connection.execute("select name from sqlite_master where type = 'table'")
        for (table,) in tables.fetchall():
            for row in connection.execute(f'select * from "{table.decode()}"'):
                yield b"\n".join(
                    value if isinstance(value, bytes) else str(value).encode() for value in row
                )
    except sqlite3.DatabaseError:
        return
    finally:
        connection.close()


def in_command_lines(pids: Iterable[int], cage: Cage) -> Mapping[str, set[str]]:
    """Canary → the programs whose command line, title or folder shows it to every user."""
    found: dict[str, set[str]] = {}
    for root in pids:
        for process in (psutil.Process(root), *psutil.Process(root).children(recursive=True)):
            try:
                shown = [*process.cmdline(), process.name(), process.cwd()]
            except psutil.Error:
                continue
            for name in cage.found_in("\0".join(shown).encode()):
                found.setdefault(name, set()).add(process.name())
    return found
