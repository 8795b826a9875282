"""What this machine has, and what of it is free. Start at `reading.py`."""

from core.hardware.picture import Cpu, Disk, Gpu, GpuProcess, Hardware, Memory
from core.hardware.reading import has_nvidia_gpu, read_hardware

__all__ = [
    "Cpu",
    "Disk",
    "Gpu",
    "GpuProcess",
    "Hardware",
    "Memory",
    "has_nvidia_gpu",
    "read_hardware",
]
