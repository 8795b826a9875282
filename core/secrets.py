"""Secrets live in files of their own, mode 0600, and nowhere else.

They never reach the log, a command line that is shown, or an error: whatever leaves the app as
text goes through `mask` first. Names in use: "litellm-master-key", "engine-key", "owner-token",
"gateway-internal-key", "capture-key", "erasure-key", "audit-key", "research.<provider>" for the key
of a search provider, and "recipe.<id>.<ENV>" for secret values of a recipe's environment.
"""

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from core.errors import Invalid
from core.masking import Masking

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
_SCRATCH = ".new-"


def new_secret() -> str:
    """256 random bits, in the shape that clients of OpenAI and LiteLLM expect of a key."""
    return "sk-" + secrets.token_urlsafe(32)


class Secrets:
    """The secrets in one directory. Safe to use from several threads and processes at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._remembered: set[str] = set()  # masked as well, but kept elsewhere
        self._masking: tuple[int, Masking] | None = None

    def get(self, name: str) -> str | None:
        """The value, or None when there is none of that name."""
        try:
            return _text(self._file(name))
        except FileNotFoundError:
            return None

    def ensure(self, name: str, make: Callable[[], str] = new_secret) -> str:
        """The value, made first when missing. Of two processes at once both get the same one."""
        known = self.get(name)
        if known is not None:
            return known
        with self._written(make()) as scratch, contextlib.suppress(FileExistsError):
            _claim(scratch, self._file(name))
        self._sync()
        self._masking = None
        return _text(self._file(name))

    def put(self, name: str, value: str) -> str:
        """Set or replace, in one step: a reader sees the old value or the new, never a half.

        Returns the name.
        """
        target = self._file(name)
        with self._written(value) as scratch:
            scratch.replace(target)
        self._sync()
        self._masking = None
        return name

    def delete(self, name: str) -> None:
        """Forget it; nothing happens when it is not there."""
        self._file(name).unlink(missing_ok=True)
        self._masking = None

    def names(self) -> tuple[str, ...]:
        """Every name that has a value, sorted."""
        return tuple(sorted(path.name for path in self._files()))

    def remember(self, value: str | None) -> None:
        """Mask this value too, though it is kept elsewhere (a key from the environment)."""
        if value:
            self._remembered.add(value)
            self._masking = None

    def mask(self, text: str) -> str:
        """`text` with every known secret replaced by "•••", in whatever spelling (masking.py).

        Values shorter than 6 characters are left alone: they would hide half of any log.
        """
        stamp = self._stamp()
        if self._masking is None or self._masking[0] != stamp:
            self._masking = (stamp, Masking(self._values()))
        return self._masking[1].mask(text)

    def _values(self) -> Iterator[str]:
        yield from self._remembered
        for path in self._files():
            with contextlib.suppress(OSError, UnicodeDecodeError):
                yield _text(path)

    def _stamp(self) -> int:
        try:
            return self._folder.stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _files(self) -> Iterator[Path]:
        with contextlib.suppress(FileNotFoundError):
            yield from (p for p in self._folder.iterdir() if _NAME.fullmatch(p.name))

    def _file(self, name: str) -> Path:
        if _NAME.fullmatch(name) is None:
            raise Invalid(f"{name!r} can not be the name of a secret", code="secret-name")
        return self._folder / name

    def _sync(self) -> None:
        """What the log will say of a secret is only true if it is still there after a power cut."""
        if os.name == "posix":
            descriptor = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    @contextlib.contextmanager
    def _written(self, value: str) -> Iterator[Path]:
        """`value` in a scratch file (0600 from birth) beside the real ones, gone afterwards."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, path = tempfile.mkstemp(prefix=_SCRATCH, dir=self._folder)
        scratch = Path(path)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(value)
                file.flush()
                os.fsync(file.fileno())
            yield scratch
        finally:
            scratch.unlink(missing_ok=True)


def _text(path: Path) -> str:
    return path.read_bytes().decode()  # as bytes: reading text would translate line ends


def _claim(scratch: Path, target: Path) -> None:
    """Give `target` the contents of `scratch` only when nobody was first (FileExistsError)."""
    try:
        os.link(scratch, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: the first writer is still the only one
        with open(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(scratch.read_bytes())
