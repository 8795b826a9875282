"""NVIDIA GPUs through NVML, the driver's own library (nvidia-ml-py).

"No GPU" has several causes, and each has another remedy, so they are told apart:

    NVML not found, no card      → no NVIDIA GPU
    NVML not found, a card       → the card is there, the driver is not installed
    driver not loaded, mismatch  → say which, and that a restart helps
    NVML works, zero devices     → no NVIDIA GPU (a driver without a card, or hidden from us)
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import msgspec
import psutil
import pynvml

from core.hardware.picture import Gpu, GpuProcess, Link, Name, Slice
from core.hardware.topology import links_between

T = TypeVar("T")

NO_GPU = "no NVIDIA GPU"

_PCI = Path("/sys/bus/pci/devices")
_NVIDIA_VENDOR = "0x10de"
_DISPLAY_CLASS = "0x03"


class Gpus(msgspec.Struct, frozen=True, kw_only=True):
    """What the driver says now."""

    gpus: tuple[Gpu, ...] = ()
    note: str = ""
    driver: str | None = None


class Nvidia:
    """NVML, initialised at the first reading that finds it, and again after it was lost."""

    def __init__(
        self, nvml: ModuleType = pynvml, *, card_present: Callable[[], bool] | None = None
    ) -> None:
        self._nvml = nvml
        self._card_present = card_present or nvidia_card_present
        self._ready = False
        self._lock = threading.Lock()
        self._links: dict[frozenset[str], dict[str, tuple[Link, ...]]] = {}

    def read(self) -> Gpus:
        """The GPUs as they are now; never raises."""
        with self._lock:
            try:
                self._initialise()
                return self._read_all()
            except self._nvml.NVMLError as error:
                self._ready = False
                return Gpus(note=self._why(error))

    def names(self) -> tuple[Name, ...]:
        """What the GPUs are called, in NVML's order; empty when the driver does not answer.

        Far cheaper than `read`.
        """
        nvml = self._nvml
        with self._lock:
            try:
                self._initialise()
                return tuple(
                    Name(
                        index=index,
                        uuid=text(nvml.nvmlDeviceGetUUID(handle)),
                        slices=tuple(part.uuid for part in self._slices(handle)),
                    )
                    for index, handle in self._handles()
                )
            except nvml.NVMLError:
                self._ready = False
                return ()

    def powers(self) -> tuple[tuple[str, float | None, float | None], ...]:
        """Each GPU's UUID, joules since the driver was loaded, and watts now.

        Empty when the driver does not answer; None where a card does not tell.
        """
        nvml = self._nvml
        with self._lock:
            try:
                self._initialise()
                return tuple(
                    (
                        text(nvml.nvmlDeviceGetUUID(handle)),
                        _thousandth(
                            self._or_none(nvml.nvmlDeviceGetTotalEnergyConsumption, handle)
                        ),
                        _thousandth(self._or_none(nvml.nvmlDeviceGetPowerUsage, handle)),
                    )
                    for _, handle in self._handles()
                )
            except nvml.NVMLError:
                self._ready = False
                return ()

    def _handles(self) -> Iterator[tuple[int, object]]:
        """The GPUs that answer."""
        for index in range(self._nvml.nvmlDeviceGetCount()):
            with contextlib.suppress(self._nvml.NVMLError):
                yield index, self._nvml.nvmlDeviceGetHandleByIndex(index)

    def _initialise(self) -> None:
        if not self._ready:
            self._nvml.nvmlInit()
            self._ready = True
            self._links.clear()

    def _read_all(self) -> Gpus:
        nvml = self._nvml
        driver = text(nvml.nvmlSystemGetDriverVersion())
        gpus, lost = [], []
        for index in range(nvml.nvmlDeviceGetCount()):
            try:
                gpus.append(self._read_one(index))
            except nvml.NVMLError as error:
                lost.append(f"GPU {index} does not answer ({error})")
        note = "; ".join(lost) if gpus or lost else f"{NO_GPU} (driver {driver} finds no device)"
        return Gpus(gpus=self._linked(gpus), note=note, driver=driver)

    def _linked(self, gpus: list[Gpu]) -> tuple[Gpu, ...]:
        """The same with how near they are to each other, which is asked only once."""
        if len(gpus) < 2:
            return tuple(gpus)
        together = frozenset(gpu.uuid for gpu in gpus)
        if together not in self._links:
            handles = {g.uuid: self._nvml.nvmlDeviceGetHandleByIndex(g.index) for g in gpus}
            self._links[together] = links_between(self._nvml, handles, self._or_none)
        links = self._links[together]
        return tuple(msgspec.structs.replace(gpu, links=links[gpu.uuid]) for gpu in gpus)

    def _read_one(self, index: int) -> Gpu:
        nvml = self._nvml
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        memory = self._or_none(nvml.nvmlDeviceGetMemoryInfo, handle)
        rates = self._or_none(nvml.nvmlDeviceGetUtilizationRates, handle)
        milliwatts = self._or_none(nvml.nvmlDeviceGetPowerUsage, handle)
        return Gpu(
            index=index,
            name=text(nvml.nvmlDeviceGetName(handle)),
            uuid=text(nvml.nvmlDeviceGetUUID(handle)),
            memory_total=int(memory.total) if memory else 0,
            memory_used=int(memory.used) if memory else 0,
            utilization=int(rates.gpu) if rates else None,
            temperature=self._or_none(
                nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU
            ),
            power_w=milliwatts / 1000 if milliwatts is not None else None,
            processes=self._processes(handle),
            slices=self._slices(handle),
        )

    def _slices(self, handle: object) -> tuple[Slice, ...]:
        """The MIG devices it is cut into; none when MIG is off or unknown to the card."""
        nvml = self._nvml
        mode = self._or_none(nvml.nvmlDeviceGetMigMode, handle)
        if mode is None or mode[0] != nvml.NVML_DEVICE_MIG_ENABLE:
            return ()
        slices = []
        for number in range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
            part = self._or_none(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, number)
            if part is not None:
                memory = self._or_none(nvml.nvmlDeviceGetMemoryInfo, part)
                slices.append(
                    Slice(
                        uuid=text(nvml.nvmlDeviceGetUUID(part)),
                        memory_total=int(memory.total) if memory else 0,
                        memory_used=int(memory.used) if memory else 0,
                    )
                )
        return tuple(slices)

    def _processes(self, handle: object) -> tuple[GpuProcess, ...]:
        nvml = self._nvml
        found: dict[int, int] = {}
        for ask in (
            nvml.nvmlDeviceGetComputeRunningProcesses,
            nvml.nvmlDeviceGetGraphicsRunningProcesses,
        ):
            for process in self._or_none(ask, handle) or ():
                # A process may stand in both lists, and its memory may be unknown (None).
                memory = process.usedGpuMemory or 0
                found[process.pid] = max(found.get(process.pid, 0), memory)
        return tuple(
            GpuProcess(pid=pid, name=process_name(pid), memory=memory)
            for pid, memory in sorted(found.items(), key=lambda item: -item[1])
        )

    def _or_none(self, ask: Callable[..., T], *arguments: object) -> T | None:
        """Ask for one value; many cards do not support all of them."""
        try:
            return ask(*arguments)
        except self._nvml.NVMLError as error:
            if code_of(error) in _ABSENT_VALUES:
                return None
            raise

    def _why(self, error: Exception) -> str:
        code = code_of(error)
        if code == pynvml.NVML_ERROR_LIBRARY_NOT_FOUND:
            if self._card_present():
                return "an NVIDIA GPU is there, but its driver is not installed"
            return NO_GPU
        if code == pynvml.NVML_ERROR_DRIVER_NOT_LOADED:
            if self._card_present():
                return "the NVIDIA driver is not loaded; a restart usually helps"
            return f"{NO_GPU} (driver installed, not loaded)"
        if code == pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH:
            return "the NVIDIA driver was updated while running; restart the machine"
        if code == pynvml.NVML_ERROR_NO_PERMISSION:
            return "this user may not talk to the NVIDIA driver"
        return f"the NVIDIA driver does not answer: {error}"


def _thousandth(value: float | None) -> float | None:
    return None if value is None else value / 1000


def code_of(error: Exception) -> int:
    """NVML's own number for an error."""
    return int(getattr(error, "value", 0))


_ABSENT_VALUES = frozenset(
    {
        pynvml.NVML_ERROR_NOT_SUPPORTED,
        pynvml.NVML_ERROR_NO_PERMISSION,
        pynvml.NVML_ERROR_FUNCTION_NOT_FOUND,
        pynvml.NVML_ERROR_NOT_FOUND,  # a MIG device of a number that is not in use
        pynvml.NVML_ERROR_INVALID_ARGUMENT,
    }
)


def nvidia_card_present(devices: Path = _PCI) -> bool:
    """Whether the PCI bus shows a display controller of NVIDIA's (Linux; False elsewhere)."""
    return any(
        line(device / "vendor") == _NVIDIA_VENDOR
        and line(device / "class").startswith(_DISPLAY_CLASS)
        for device in (devices.iterdir() if devices.is_dir() else ())
    )


def line(path: Path) -> str:
    """The one line of a small system file, or nothing."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def text(value: str | bytes) -> str:
    """NVML answers bytes in older bindings and text in newer ones."""
    return value.decode() if isinstance(value, bytes) else value


def process_name(pid: int) -> str:
    """The name of a process, or nothing when it is gone or not ours to see."""
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return ""
