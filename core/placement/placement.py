"""One way to run a model: which devices it takes, and how much of each. Plain values.

A device is a GPU by its NVML UUID ("GPU-5f…"), a GPU that only the recipe names ("gpu:1", on a
machine whose driver tells nothing), or the machine's main memory (`HOST`).
"""

import msgspec

HOST = "host"


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes of one device."""

    device: str
    bytes: int | None = None  # None: nobody knows yet, so it claims the device for itself


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """One way to run it."""

    shares: tuple[Share, ...]
    devices: tuple[str, ...] = ()  # for the launch, in rank order; empty: as the recipe says

    @property
    def claimed(self) -> frozenset[str]:
        """Every device it takes something of."""
        return frozenset([share.device for share in self.shares])

    def bytes_on(self, device: str) -> int | None:
        """What it takes there: 0 when nothing, None when nobody knows."""
        for share in self.shares:
            if share.device == device:
                return share.bytes
        return 0
