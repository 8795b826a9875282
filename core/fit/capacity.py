"""What a machine could give if everything else were evicted. Plain values."""

import msgspec

from core.fit.plan import Gpu
from core.placement.placement import HOST


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """One device: its size, and what of it programs hold that are not ours to evict."""

    device: str  # as in a Placement
    label: str  # for people: "GPU 0", "main memory"
    total: int
    name: str = ""  # "NVIDIA RTX 4090"
    held: int = 0


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """Every device that a recipe may use, GPUs in the order they would be used."""

    gpus: tuple[Room, ...] = ()
    host: Room

    def smallest(self, count: int) -> Gpu | None:
        """The smallest of the first `count` GPUs, for the engine's defaults."""
        used = self.gpus[: max(1, count)]
        if not used:
            return None
        room = min(used, key=lambda one: one.total)
        return Gpu(total=room.total, name=room.name)


def main_memory(total: int, held: int = 0) -> Room:
    """The machine's own memory."""
    return Room(device=HOST, label="main memory", total=total, held=held)
