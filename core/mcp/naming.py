"""What a model calls a tool: `<server>__<tool>`, in the signs and the length that models allow."""

import hashlib
import re

MOST = 64
HASH = 8
_HASHED = re.compile(rf"_[0-9a-f]{{{HASH}}}$")
_OTHER = re.compile(r"[^A-Za-z0-9_-]")


def offered_name(server: str, tool: str) -> str:
    """The same name for the same tool, always; another for another.

    Where signs had to be replaced or cut, and where the name could be read as another server's
    or as one with a hash, a hash of the whole keeps it apart from its like.
    """
    plain = _OTHER.sub("_", f"{server}__{tool}")
    clean = plain == f"{server}__{tool}" and "__" not in server and not server.endswith("_")
    if clean and len(plain) <= MOST and not _HASHED.search(plain):
        return plain
    mark = hashlib.sha256(f"{server}\0{tool}".encode()).hexdigest()[:HASH]
    return f"{plain[: MOST - HASH - 1]}_{mark}"
