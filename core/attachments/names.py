"""A file's name as it is kept and shown: a name, not a path, and nothing that misleads. Pure."""

import unicodedata
from pathlib import PurePosixPath

LONGEST = 120  # characters
_LONGEST_SUFFIX = 12


def safe_name(name: str) -> str:
    """What is left of a name without folders, control characters and turned writing."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    plain = "".join(one for one in unicodedata.normalize("NFC", last) if _is_shown(one))
    words = " ".join(plain.split()).strip(". ")
    if len(words) > LONGEST:
        suffix = PurePosixPath(words).suffix[:_LONGEST_SUFFIX]
        words = words[: LONGEST - len(suffix) - 1] + "…" + suffix
    return words or "file"


def _is_shown(one: str) -> bool:
    """Not what is invisible or changes the direction of what follows (U+202E and its like)."""
    return one == " " or unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
