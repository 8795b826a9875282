"""Which port an engine gets: the first free one, from the configured port upwards.

A port that was free when it was chosen may be taken before the engine listens on it. Then another
run is begun on another port, as long as the port is ours to choose.
"""

import os
import secrets
import socket
from collections.abc import Callable, Collection

from core.errors import Unavailable
from core.recipes.recipe import Recipe

HOST = "127.0.0.1"
RANGE = 1000  # how far to look
# Where engines listen whose routes ask for no key; with RANGE more it stays below 32768, where
# Linux begins to give ports to whoever connects to somewhere.
UNGUESSED = range(20_000, 31_500)
TAKEN = "port-taken"  # the code of a start that lost its port
OTHER_PORTS = 3  # how many more are tried then


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


def is_ours_to_choose(recipe: Recipe) -> bool:
    """Whether another port may mend a start: not a command's own, nor where machines meet."""
    if recipe.spread_by is not None:
        return False
    return recipe.engine != "command" or any(
        "{port}" in word for word in (*recipe.command, *recipe.extra_args)
    )


def unguessed() -> int:
    """Where to begin to look for a port that nobody knows beforehand."""
    return secrets.choice(UNGUESSED)
