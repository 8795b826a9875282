"""NVML as a machine with GPUs answers it, for machines without.

Its names are checked against the installed nvidia-ml-py in `test_nvidia.py`, so that it can not
drift into fiction.
"""

# ruff: noqa: D102 - the functions are NVML's, and so is what they mean

from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import NoReturn

import pynvml

NOT_SUPPORTED = pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
GPU_LOST = pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)

MIB = 1024**2


class FakeNvml(ModuleType):
    """Two GPUs: a large one at work, and a small one that reports little."""

    NVMLError = pynvml.NVMLError
    NVML_TEMPERATURE_GPU = pynvml.NVML_TEMPERATURE_GPU

    def __init__(self, *, count: int = 2, start_error: Exception | None = None) -> None:
        super().__init__("fake_nvml")
        self.count = count
        self.start_error = start_error
        self.starts = 0
        self.lost: set[int] = set()

    def nvmlInit(self) -> None:
        self.starts += 1
        if self.start_error:
            raise self.start_error

    def nvmlSystemGetDriverVersion(self) -> bytes:
        return b"580.65.06"

    def nvmlDeviceGetCount(self) -> int:
        return self.count

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        if index in self.lost:
            raise GPU_LOST
        return index

    def nvmlDeviceGetName(self, handle: int) -> str:
        return ("NVIDIA H100 80GB HBM3", "NVIDIA T400")[handle]

    def nvmlDeviceGetUUID(self, handle: int) -> str:
        return f"GPU-{handle}"

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(total=81559 * MIB, used=70000 * MIB)

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(gpu=97, memory=40) if handle == 0 else _refuse()

    def nvmlDeviceGetTemperature(self, handle: int, sensor: int) -> int:
        return 61

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:
        return 412_500 if handle == 0 else _refuse()

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[SimpleNamespace]:
        if handle == 1:
            _refuse()
        return [
            SimpleNamespace(pid=1, usedGpuMemory=100 * MIB),
            SimpleNamespace(pid=2**22 + 7, usedGpuMemory=None),
        ]

    def nvmlDeviceGetGraphicsRunningProcesses(self, handle: int) -> list[SimpleNamespace]:
        return [SimpleNamespace(pid=1, usedGpuMemory=300 * MIB)]


def _refuse() -> NoReturn:
    raise NOT_SUPPORTED


def functions() -> dict[str, Callable[..., object]]:
    """Every NVML function the fake plays."""
    return {name: value for name, value in vars(FakeNvml).items() if name.startswith("nvml")}
