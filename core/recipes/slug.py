"""From a title to an id that is free: "Qwen3 8B (fast)" becomes "qwen3-8b-fast"."""

import re
import unicodedata
from collections.abc import Container

LONGEST = 64
# Words that stand where an id may stand, in addresses and among the logs.
RESERVED = frozenset({"app", "check", "export", "fields", "fit", "gateway", "import", "preview"})
_ID = re.compile(rf"[a-z0-9](?:[a-z0-9._-]{{0,{LONGEST - 2}}}[a-z0-9])?")


def is_id(text: str) -> bool:
    """Lower case letters, digits, '-', '.' and '_', at most 64, a letter or digit at both ends."""
    return _ID.fullmatch(text) is not None and text not in RESERVED


def free_id(title: str, taken: Container[str] = frozenset()) -> str:
    """An id that reads like the title (or like the last part of a hub id) and is not taken."""
    base = _slug(title) or "recipe"
    number = 1
    candidate = base
    while candidate in taken or candidate in RESERVED:
        number += 1
        ending = f"-{number}"
        candidate = base[: LONGEST - len(ending)].rstrip("-._") + ending
    return candidate


def _slug(title: str) -> str:
    hub_id = re.fullmatch(r"[^\s/]+/([^\s/]+)", title.strip())
    text = hub_id[1] if hub_id else title
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9._]+", "-", ascii_only)
    return words.strip("-._")[:LONGEST].rstrip("-._")
