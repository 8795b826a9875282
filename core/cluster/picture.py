"""A Ray cluster as plain values, or why there is none."""

from typing import Literal

import msgspec

Trouble = Literal["not-installed", "unreachable", "versions", "unauthorised", "failed"]


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One machine of the cluster that is alive."""

    address: str
    gpus: int
    cpus: int
    here: bool = False  # this machine


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """What answered, asked from this machine with the runtime's own Ray."""

    ray: str  # versions; all machines have the same, or Ray lets nobody in
    python: str
    nodes: tuple[Node, ...]
    free_gpus: float = 0.0
    guarded: bool | None = None  # a token is asked for; None: this Ray does not tell

    @property
    def gpus(self) -> int:
        """Over all machines, in use or not."""
        return sum(node.gpus for node in self.nodes)


class NoCluster(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing could be asked, and Ray's own words."""

    trouble: Trouble
    said: str = ""
