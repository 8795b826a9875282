"""The files git knows about, for the tests that read them."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("desktop", "core", "events", "webui", "installers", "tests")


@cache
def tracked() -> tuple[Path, ...]:
    """Every tracked file that exists."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=60
    ).stdout.decode()
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def modules(*folders: str) -> list[Path]:
    """Tracked Python files below these top-level folders."""
    return [
        path
        for path in tracked()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in (folders or PACKAGES)
    ]


def name(path: Path) -> str:
    """As people write it."""
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str | None:
    """The file as text, None when it is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
