"""What a recovery moved aside of months of requests, and their export: single requests, too.

    usage-2026-11.db.damaged-20261130-014500   (-wal, -shm)
    recovered/usage-2026-11-20261130-014500.jsonl

They are somebody's only copy of what was damaged, so nothing here is erased by age; and whoever
wants a month's requests gone has to hear of them.
"""

from pathlib import Path

from core.auditing.notes import sync_folder
from core.usage.sealed import is_month

PATTERNS = ("usage-????-??.db.damaged-*", "recovered/usage-????-??-*.jsonl")
MONTH_AT = slice(len("usage-"), len("usage-2026-11"))


def aside_before(home: Path, before: str) -> dict[str, tuple[Path, ...]]:
    """By month, such as 2026-11, of those before one: the files that lie aside."""
    found: dict[str, list[Path]] = {}
    for pattern in PATTERNS:
        for path in sorted(home.glob(pattern)):
            month = path.name[MONTH_AT]
            if is_month(month) and month < before:
                found.setdefault(month, []).append(path)
    return {month: tuple(paths) for month, paths in sorted(found.items())}


def erase(paths: tuple[Path, ...]) -> None:
    """Remove them. Raises OSError."""
    for path in paths:
        path.unlink(missing_ok=True)
    for folder in {path.parent for path in paths}:
        sync_folder(folder)
