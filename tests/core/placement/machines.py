"""Machines with GPUs, as NVML would tell of them."""

from core.hardware.picture import Distance, Gpu, GpuProcess, Link, Slice

GIB = 1024**3


def gpu(
    index: int,
    *,
    name: str = "H100",
    gib: int = 80,
    used_gib: float = 0,
    links: dict[int, Distance] | None = None,
    slices: tuple[Slice, ...] = (),
    processes: tuple[GpuProcess, ...] = (),
) -> Gpu:
    """One GPU; its UUID begins with its index twice: GPU-00…, GPU-11…"""
    return Gpu(
        index=index,
        name=name,
        uuid=uuid(index),
        memory_total=gib * GIB,
        memory_used=round(used_gib * GIB),
        links=tuple(Link(uuid=uuid(other), distance=d) for other, d in (links or {}).items()),
        slices=slices,
        processes=processes,
    )


def uuid(index: int) -> str:
    """The UUID of the GPU with this index."""
    return f"GPU-{index:x}{index:x}-cafe"


def part(number: int, gib: int = 20) -> Slice:
    """A MIG device."""
    return Slice(uuid=f"MIG-{number}{number}-beef", memory_total=gib * GIB, memory_used=0)


def pairs(count: int) -> tuple[Gpu, ...]:
    """Like GPUs of which 0 and 1, 2 and 3, … are joined by NVLink; the rest is far."""
    return tuple(
        gpu(
            i, links={j: "nvlink" if i // 2 == j // 2 else "system" for j in range(count) if j != i}
        )
        for i in range(count)
    )
