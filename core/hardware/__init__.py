"""What this machine has, and what of it is free. Start at `reading.py`."""

from core.hardware.picture import Cpu, Disk, Gpu, GpuProcess, Hardware, Link, Memory, Name, Slice
from core.hardware.reading import gpu_names, has_nvidia_gpu, read_hardware

__all__ = [
    "Cpu",
    "Disk",
    "Gpu",
    "GpuProcess",
    "Hardware",
    "Link",
    "Memory",
    "Name",
    "Slice",
    "gpu_names",
    "has_nvidia_gpu",
    "read_hardware",
]
