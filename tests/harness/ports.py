"""Free ports on loopback: none that a connection may be given, none handed out twice.

Below 32768, where Linux begins to give ports to whoever connects to somewhere: a server that binds
its port a while after it was chosen would sometimes find another test's connection on it.
Some way apart, because a studio's second engine takes the port after its first one's.
"""

import random
import socket
import sys
import tempfile
from itertools import cycle
from pathlib import Path

from core.engines.ports import is_free

_PORTS = range(20_000, 32_000, 8)
_shuffled = cycle(random.sample(_PORTS, len(_PORTS)))

if sys.platform == "win32":

    def _is_mine(_port: int) -> bool:
        return True

else:
    import fcntl
    import os

    # One byte for each port, locked until this process ends: runs beside each other share none.
    _lock = (Path(tempfile.gettempdir()) / f"vllm-studio-test-ports-{os.getuid()}").open("wb")

    def _is_mine(port: int) -> bool:
        try:
            fcntl.lockf(_lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port nobody listens on now, and that no other test was given."""
    for _ in _PORTS:
        port = next(_shuffled)
        if _is_mine(port) and is_free(port):
            return port
    raise RuntimeError(f"every port of {_PORTS} is taken")


def is_listening(port: int) -> bool:
    """Whether somebody accepts connections on it."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
