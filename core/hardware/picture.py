"""The machine as one immutable value. Memory and disk in bytes, everywhere."""

from typing import Literal

import msgspec

Distance = Literal["nvlink", "switch", "socket", "system"]  # nearest first


class GpuProcess(msgspec.Struct, frozen=True, kw_only=True):
    """A process holding memory of a GPU."""

    pid: int
    name: str
    memory: int  # bytes; 0 when the driver does not tell


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """What a GPU is called: its index in NVML's order, its UUID, and those of its slices."""

    index: int
    uuid: str
    slices: tuple[str, ...] = ()


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """How near another GPU is: by NVLink, below one PCIe switch, on one socket, or anywhere."""

    uuid: str
    distance: Distance


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a GPU that is a device of its own (MIG)."""

    uuid: str  # "MIG-…"
    memory_total: int  # bytes
    memory_used: int


class Gpu(msgspec.Struct, frozen=True, kw_only=True):
    """One NVIDIA GPU. None: this model does not report it."""

    index: int
    name: str
    uuid: str
    memory_total: int  # bytes; 0 when it shares the system's memory and tells nothing
    memory_used: int
    utilization: int | None = None  # %
    temperature: int | None = None  # °C
    power_w: float | None = None
    processes: tuple[GpuProcess, ...] = ()
    links: tuple[Link, ...] = ()  # to the others; empty when the driver does not tell
    slices: tuple[Slice, ...] = ()  # when it is cut up; then only these can be used

    @property
    def called(self) -> Name:
        """What it is called."""
        parts = tuple(part.uuid for part in self.slices)
        return Name(index=self.index, uuid=self.uuid, slices=parts)


class Cpu(msgspec.Struct, frozen=True, kw_only=True):
    """The processor."""

    name: str
    cores: int  # logical, those this process may use
    percent: float  # busy since the last reading, over all cores


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The system's memory."""

    total: int
    available: int  # without swapping


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """The disk that holds the data directory."""

    total: int
    free: int  # for this user


class Hardware(msgspec.Struct, frozen=True, kw_only=True):
    """One reading."""

    gpus: tuple[Gpu, ...]
    gpu_note: str  # why there are none, or what is odd about them; empty when all is well
    driver: str | None  # NVIDIA driver version
    cpu: Cpu
    memory: Memory
    disk: Disk
