"""How many files and sockets may be open at once, and how many of them clients may take.

A system lets a program begin with 256 (macOS) or 1024 (Linux), whatever it could have: a thousand
clients that say nothing would leave none for the log and the engines. Ours are children's, too.
"""

try:
    import resource
except ImportError:  # Windows counts otherwise, and has enough
    resource = None  # type: ignore[assignment]

WANTED = 16_384
MACOS = 10_240  # more than that it takes of nobody, whatever it says is possible
MOST_CONNECTIONS = 4096  # of clients; a quarter of what is wanted: each has an engine's beside it


def raise_limit() -> None:
    """Have as many as are wanted, as far as the system lets us."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (WANTED, MACOS):
        able = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if soft == resource.RLIM_INFINITY or soft >= able:
            return
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (able, hard))
        except (OSError, ValueError):
            continue
        return


def most_connections() -> int:
    """How many connections clients may have at once."""
    if resource is None:
        return MOST_CONNECTIONS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, soft // 4)
