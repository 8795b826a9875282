"""GTK's Python bindings, borrowed from the system when our environment has none.

Distributions ship `gi` compiled for their own Python, in their own site directory. Building it
needs a compiler and headers; using that directory whole would let its other packages shadow ours.
So only `gi` and `cairo` are found there, and only when they were compiled for this very
interpreter: the file name of an extension module says for which.
"""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

BORROWED = ("gi", "cairo")


def system_site_folders() -> tuple[Path, ...]:
    """Where distributions put packages of their Python."""
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return (
        Path("/usr/lib/python3/dist-packages"),  # Debian, Ubuntu
        Path(f"/usr/lib64/{minor}/site-packages"),  # Fedora, openSUSE
        Path(f"/usr/lib/{minor}/site-packages"),  # Arch
    )


def fits(folder: Path, suffixes: Sequence[str] = tuple(EXTENSION_SUFFIXES)) -> bool:
    """Whether the `gi` in this folder was compiled for this interpreter."""
    exact = [suffix for suffix in suffixes if suffix != ".so"]  # ".so" alone tells nothing
    return any((folder / "gi" / f"_gi{suffix}").is_file() for suffix in exact)


class SystemBindings:
    """A finder for `gi` and `cairo` alone, asked last."""

    def __init__(self, folder: Path) -> None:
        self._path = [str(folder)]

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """The borrowed package; its submodules are found by its own path."""
        return PathFinder.find_spec(name, self._path) if name in BORROWED else None


def make_gi_importable(folders: Sequence[Path] | None = None) -> bool:
    """Whether `import gi` works now. Fine to repeat."""
    if importlib.util.find_spec("gi") is not None:
        return True
    for folder in system_site_folders() if folders is None else folders:
        if fits(folder):
            sys.meta_path.append(SystemBindings(folder))
            importlib.invalidate_caches()
            return importlib.util.find_spec("gi") is not None
    return False
