"""One reading of the whole machine. It takes milliseconds and may block: call it from a thread."""

from pathlib import Path

from core.hardware.host import read_cpu, read_disk, read_memory
from core.hardware.nvidia import Nvidia
from core.hardware.picture import Hardware, Name

_nvidia = Nvidia()


def read_hardware(home: Path | None = None, *, nvidia: Nvidia = _nvidia) -> Hardware:
    """The machine now. `home` names the disk to look at (default: the user's home directory)."""
    gpus = nvidia.read()
    return Hardware(
        gpus=gpus.gpus,
        gpu_note=gpus.note,
        driver=gpus.driver,
        cpu=read_cpu(),
        memory=read_memory(),
        disk=read_disk(home if home is not None else Path.home()),
    )


def gpu_names() -> tuple[Name, ...]:
    """What the GPUs are called, in NVML's order; far cheaper than a reading."""
    return _nvidia.names()


def has_nvidia_gpu() -> bool:
    """Whether an NVIDIA GPU answers now."""
    return bool(_nvidia.read().gpus)
