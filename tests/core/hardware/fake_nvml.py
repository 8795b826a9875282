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
    NVML_DEVICE_MIG_ENABLE = pynvml.NVML_DEVICE_MIG_ENABLE
    NVML_P2P_CAPS_INDEX_NVLINK = pynvml.NVML_P2P_CAPS_INDEX_NVLINK
    NVML_P2P_STATUS_OK = pynvml.NVML_P2P_STATUS_OK
    NVML_TOPOLOGY_MULTIPLE = pynvml.NVML_TOPOLOGY_MULTIPLE
    NVML_TOPOLOGY_NODE = pynvml.NVML_TOPOLOGY_NODE

    def __init__(self, *, count: int = 2, start_error: Exception | None = None) -> None:
        super().__init__("fake_nvml")
        self.count = count
        self.start_error = start_error
        self.starts = 0
        self.lost: set[int] = set()
        self.nvlink = False
        self.ancestor: int | None = pynvml.NVML_TOPOLOGY_SYSTEM  # None: not told
        self.asked_for_links = 0
        self.cut_up: set[int] = set()  # the GPUs with MIG on, two slices each

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
        return ("NVIDIA H100 80GB HBM3", "NVIDIA T400")[min(handle, 1)]

    def nvmlDeviceGetUUID(self, handle: int) -> str:
        return f"GPU-{handle}" if handle < 100 else f"MIG-{handle}"

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(total=81559 * MIB, used=70000 * MIB)

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(gpu=97, memory=40) if handle == 0 else _refuse()

    def nvmlDeviceGetTemperature(self, handle: int, sensor: int) -> int:
        return 61

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:
        return 412_500 if handle == 0 else _refuse()

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: int) -> int:
        return 7_250_000 if handle == 0 else _refuse()

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[SimpleNamespace]:
        if handle == 1:
            _refuse()
        return [
            SimpleNamespace(pid=1, usedGpuMemory=100 * MIB),
            SimpleNamespace(pid=2**22 + 7, usedGpuMemory=None),
        ]

    def nvmlDeviceGetGraphicsRunningProcesses(self, handle: int) -> list[SimpleNamespace]:
        return [SimpleNamespace(pid=1, usedGpuMemory=300 * MIB)]

    def nvmlDeviceGetP2PStatus(self, one: int, other: int, kind: int) -> int:
        self.asked_for_links += 1
        linked, apart = pynvml.NVML_P2P_STATUS_OK, pynvml.NVML_P2P_STATUS_NOT_SUPPORTED
        return int(linked if self.nvlink else apart)

    def nvmlDeviceGetTopologyCommonAncestor(self, one: int, other: int) -> int:
        return self.ancestor if self.ancestor is not None else _refuse()

    def nvmlDeviceGetMigMode(self, handle: int) -> list[int]:
        if handle == 1:
            _refuse()
        return [int(handle in self.cut_up), 0]

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: int) -> int:
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: int, number: int) -> int:
        if number > 1:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return 100 * (handle + 1) + number


def _refuse() -> NoReturn:
    raise NOT_SUPPORTED


def functions() -> dict[str, Callable[..., object]]:
    """Every NVML function the fake plays."""
    return {name: value for name, value in vars(FakeNvml).items() if name.startswith("nvml")}
