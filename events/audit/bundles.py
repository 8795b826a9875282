"""An export on the disk: a folder, or one .zip or .tar file, written whole or not at all.

    with writing(Path("audit.zip")) as bundle:
        with bundle.member("log.jsonl") as write:
            write(b"…")

It is made beside its place, under a name that begins with a dot, and takes its place at the end.
What was left by somebody who was killed in the middle is taken away by the next attempt.
"""

import contextlib
import lzma
import os
import re
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Protocol

Write = Callable[[bytes], object]

MEMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
COPIED_AT_ONCE = 2**20
TORN = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError)


class BundleInvalid(ValueError):
    """This is no export, or it can not be written there. The message is a sentence."""


class BundleWriter(Protocol):
    """Takes files one after the other."""

    def member(self, name: str) -> AbstractContextManager[Write]:
        """Write one file; it is whole when the block ends."""
        ...


class Bundle(Protocol):
    """An export that is there."""

    def names(self) -> list[str]:
        """Its files."""
        ...

    def open(self, name: str) -> IO[bytes]:
        """Read one file; KeyError when it is not there."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


# writing


@contextmanager
def writing(target: Path) -> Iterator[BundleWriter]:
    """Make a bundle; its name says which kind. Raises BundleInvalid when something is there."""
    if target.exists():
        raise BundleInvalid(f"{target} is already there")
    draft = target.with_name(f".{target.name}.part")
    _remove(draft)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _draft(draft, target.suffix.lower()) as bundle:
            yield bundle
        if target.exists():
            raise BundleInvalid(f"{target} is already there")
        draft.replace(target)
        _sync_folder(target.parent)
    finally:
        _remove(draft)


@contextmanager
def _draft(draft: Path, suffix: str) -> Iterator[BundleWriter]:
    if suffix not in (".zip", ".tar"):
        draft.mkdir(mode=0o700)
        yield FolderWriter(draft)
        _sync_folder(draft)
        return
    with _private_file(draft) as file:
        if suffix == ".zip":
            with ZipWriter(file) as zipped:
                yield zipped
        else:
            with TarWriter(file, draft.parent) as tarred:
                yield tarred
        file.flush()
        os.fsync(file.fileno())


class FolderWriter:
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def member(self, name: str) -> Iterator[Write]:
        """Write one file; the disk has it when the block ends."""
        with _private_file(self._folder / named(name)) as file:
            yield file.write
            file.flush()
            os.fsync(file.fileno())


class ZipWriter:
    """Files in a .zip, which may be something that can only be written on and on."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6)

    def __enter__(self) -> "ZipWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with contextlib.ExitStack() as given_up:
            if kind is not None:
                given_up.enter_context(contextlib.suppress(Exception))
            self.close()

    @contextmanager
    def member(self, name: str) -> Iterator[Write]:
        """Write one file; nobody has to know its size before."""
        entry = zipfile.ZipInfo(named(name))
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        with self._zip.open(entry, "w", force_zip64=True) as file:
            yield file.write

    def close(self) -> None:
        """Write the table of contents, without which it is no .zip."""
        self._zip.close()


class TarWriter:
    """Files in a .tar; each waits in a scratch file until its size is known."""

    def __init__(self, file: IO[bytes], scratch: Path) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115  # closed at the exit
        self._scratch = scratch

    def __enter__(self) -> "TarWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._tar.close()

    @contextmanager
    def member(self, name: str) -> Iterator[Write]:
        """Write one file."""
        with tempfile.TemporaryFile(dir=self._scratch) as file:
            yield file.write
            entry = tarfile.TarInfo(named(name))
            entry.size, entry.mode = file.tell(), 0o600
            file.seek(0)
            self._tar.addfile(entry, file)


# reading


@contextmanager
def reading(path: Path) -> Iterator[Bundle]:
    """Read an export, whichever kind it is. Raises BundleInvalid when it is none."""
    bundle = _opened(path)
    try:
        yield bundle
    except TORN as error:
        raise BundleInvalid(f"{path} is damaged: {error}") from error
    finally:
        bundle.close()


def _opened(path: Path) -> Bundle:
    if not path.exists():
        raise BundleInvalid(f"there is no {path}")
    try:
        if path.is_dir():
            return FolderBundle(path)
        if zipfile.is_zipfile(path):
            return ZipBundle(path)
        if tarfile.is_tarfile(path):
            return TarBundle(path)
    except (OSError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise BundleInvalid(f"{path} can not be read: {error}") from error
    raise BundleInvalid(f"{path} is neither a folder nor a .zip or .tar file")


class FolderBundle:
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """Its files."""
        return sorted(path.name for path in self._folder.iterdir() if path.is_file())

    def open(self, name: str) -> IO[bytes]:
        """Read one file; KeyError when it is not there."""
        try:
            return (self._folder / named(name)).open("rb")
        except FileNotFoundError:
            raise KeyError(name) from None

    def close(self) -> None:
        """Nothing is held."""


class ZipBundle:
    """Files in a .zip."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)

    def names(self) -> list[str]:
        """Its files."""
        return sorted(self._zip.namelist())

    def open(self, name: str) -> IO[bytes]:
        """Read one file; KeyError when it is not there."""
        try:
            return self._zip.open(named(name))
        except RuntimeError as error:  # it wants a password, or is packed as nobody here unpacks
            raise BundleInvalid(f"its {name} can not be read: {error}") from error

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()


class TarBundle:
    """Files in a .tar, also a compressed one."""

    def __init__(self, path: Path) -> None:
        self._tar = tarfile.open(path)  # noqa: SIM115  # closed by `close`

    def names(self) -> list[str]:
        """Its files."""
        return sorted(entry.name for entry in self._tar if entry.isfile())

    def open(self, name: str) -> IO[bytes]:
        """Read one file; KeyError when it is not there."""
        file = self._tar.extractfile(named(name))
        if file is None:
            raise KeyError(name)
        return file

    def close(self) -> None:
        """Let go of the file."""
        self._tar.close()


def copy(source: Bundle, target: BundleWriter) -> None:
    """Put every file of one into the other."""
    for name in source.names():
        with source.open(name) as file, target.member(name) as write:
            while chunk := file.read(COPIED_AT_ONCE):
                write(chunk)


def named(name: str) -> str:
    """A file's own name, which leads nowhere else. Raises BundleInvalid."""
    if MEMBER.fullmatch(name) is None:
        raise BundleInvalid(f"an export has no file called {name!r:.80}")
    return name


def _private_file(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _remove(draft: Path) -> None:
    if draft.is_dir() and not draft.is_symlink():
        shutil.rmtree(draft)
    else:
        draft.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """So that a power cut does not take the names back; Windows knows no such thing."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
