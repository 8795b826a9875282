"""Which port an engine gets: the first free one, from the configured port upwards."""

import os
import secrets
import socket
from collections.abc import Callable, Collection

from core.errors import Unavailable

HOST = "127.0.0.1"
RANGE = 1000  # how far to look
UNGUESSED = range(20_000, 60_000)  # where engines listen whose routes ask for no key


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        if os.name == "posix":  # a port is free although old connections linger in TIME_WAIT
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def first_free(first: int, taken: Collection[int], *, free: Callable[[int], bool] = is_free) -> int:
    """The first port from `first` on that no engine of ours holds and nobody listens on.

    `taken` counts even when nobody listens yet: an engine binds its port late in its loading.
    Raises Unavailable when there is none.
    """
    for port in range(first, min(first + RANGE, 65536)):
        if port not in taken and free(port):
            return port
    raise Unavailable(
        f"No free port from {first} on",
        code="no-free-port",
        next_action="Choose another VLLM_STUDIO_INFERENCE_PORT.",
    )


def unguessed() -> int:
    """Where to begin to look for a port that nobody knows beforehand."""
    return secrets.choice(UNGUESSED)
