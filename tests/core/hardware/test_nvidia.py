"""GPUs are read as the driver tells them, and their absence is explained."""

import ast
import inspect
from pathlib import Path

import pynvml
import pytest

import core.hardware.nvidia as module
from core.hardware import topology
from core.hardware.nvidia import Nvidia, nvidia_card_present
from tests.core.hardware.fake_nvml import MIB, FakeNvml, functions


def read(nvml: FakeNvml, *, card: bool = False) -> module.Gpus:
    """One reading, with or without an NVIDIA card on the bus."""
    return Nvidia(nvml, card_present=lambda: card).read()


def test_a_gpu_is_read_in_bytes_watts_and_percent() -> None:
    """Every figure in the unit it is declared in."""
    gpu = read(FakeNvml()).gpus[0]
    assert (gpu.index, gpu.name, gpu.uuid) == (0, "NVIDIA H100 80GB HBM3", "GPU-0")
    assert (gpu.memory_total, gpu.memory_used) == (81559 * MIB, 70000 * MIB)
    assert (gpu.utilization, gpu.temperature, gpu.power_w) == (97, 61, 412.5)


def test_a_card_that_reports_little_is_still_shown() -> None:
    """What a model does not support is None, and hides nothing else."""
    gpu = read(FakeNvml()).gpus[1]
    assert (gpu.utilization, gpu.power_w) == (None, None)
    assert gpu.temperature == 61


def test_a_process_is_listed_once_with_its_larger_memory() -> None:
    """Compute and graphics lists overlap; unknown memory counts as zero."""
    processes = read(FakeNvml()).gpus[0].processes
    assert [(p.pid, p.memory) for p in processes] == [(1, 300 * MIB), (2**22 + 7, 0)]
    assert processes[0].name


def test_a_lost_gpu_does_not_hide_the_others() -> None:
    """One card fell off the bus: the other is shown and the note says which is missing."""
    nvml = FakeNvml()
    nvml.lost.add(0)
    reading = read(nvml)
    assert [gpu.index for gpu in reading.gpus] == [1]
    assert "GPU 0 does not answer" in reading.note


@pytest.mark.parametrize(
    ("nvlink", "ancestor", "distance"),
    [
        (True, pynvml.NVML_TOPOLOGY_SYSTEM, "nvlink"),
        (False, pynvml.NVML_TOPOLOGY_SINGLE, "switch"),
        (False, pynvml.NVML_TOPOLOGY_MULTIPLE, "switch"),
        (False, pynvml.NVML_TOPOLOGY_HOSTBRIDGE, "socket"),
        (False, pynvml.NVML_TOPOLOGY_NODE, "socket"),
        (False, pynvml.NVML_TOPOLOGY_SYSTEM, "system"),
    ],
)
def test_how_near_two_gpus_are_is_told(nvlink: bool, ancestor: int, distance: str) -> None:
    """Both know of each other; NVLink beats every way over PCIe."""
    nvml = FakeNvml()
    nvml.nvlink, nvml.ancestor = nvlink, ancestor
    one, other = read(nvml).gpus
    assert [(link.uuid, link.distance) for link in one.links] == [(other.uuid, distance)]
    assert [(link.uuid, link.distance) for link in other.links] == [(one.uuid, distance)]


def test_a_driver_that_knows_no_topology_hides_nothing_else() -> None:
    """Virtual machines often do not tell."""
    nvml = FakeNvml()
    nvml.ancestor = None
    assert [gpu.links for gpu in read(nvml).gpus] == [(), ()]


def test_the_topology_is_asked_once() -> None:
    """It does not change, and eight GPUs make 28 pairs; after a lost driver it is asked again."""
    nvml = FakeNvml()
    nvidia = Nvidia(nvml, card_present=lambda: True)
    assert nvidia.read().gpus == nvidia.read().gpus
    assert nvml.asked_for_links == 1


def test_a_gpu_that_is_cut_up_shows_its_slices() -> None:
    """Each is a device with a UUID and memory of its own; numbers not in use are passed over."""
    nvml = FakeNvml()
    nvml.cut_up.add(0)
    whole, other = read(nvml).gpus
    assert [part.uuid for part in whole.slices] == ["MIG-100", "MIG-101"]
    assert whole.slices[0].memory_total == 81559 * MIB
    assert other.slices == ()


def test_names_are_read_without_the_rest() -> None:
    """What a launch needs to know: index, UUID, slices; a lost card is left out."""
    nvml = FakeNvml()
    nvml.cut_up.add(0)
    nvidia = Nvidia(nvml, card_present=lambda: True)
    assert [(n.index, n.uuid, n.slices) for n in nvidia.names()] == [
        (0, "GPU-0", ("MIG-100", "MIG-101")),
        (1, "GPU-1", ()),
    ]
    nvml.lost.add(0)
    assert [name.index for name in nvidia.names()] == [1]


def test_no_driver_is_no_names() -> None:
    """Never an exception: a launch goes on with what the recipe says."""
    broken = FakeNvml(start_error=pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND))
    assert Nvidia(broken, card_present=lambda: False).names() == ()


def test_nothing_is_noted_when_all_is_well() -> None:
    """The note is for what is odd."""
    reading = read(FakeNvml())
    assert reading.note == ""
    assert reading.driver == "580.65.06"


@pytest.mark.parametrize(
    ("code", "card", "note"),
    [
        (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, False, "no NVIDIA GPU"),
        (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, True, "its driver is not installed"),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, False, "no NVIDIA GPU (driver installed"),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, True, "driver is not loaded"),
        (pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH, True, "restart the machine"),
        (pynvml.NVML_ERROR_NO_PERMISSION, True, "may not talk"),
        (pynvml.NVML_ERROR_UNKNOWN, True, "does not answer: Unknown Error"),
    ],
)
def test_each_reason_for_no_gpu_is_told_apart(code: int, card: bool, note: str) -> None:
    """Missing card, missing driver and broken driver have different remedies."""
    reading = read(FakeNvml(start_error=pynvml.NVMLError(code)), card=card)
    assert note in reading.note
    assert reading.gpus == ()


def test_a_driver_without_a_device_says_so() -> None:
    """The driver answers, and finds nothing (or nothing we may see)."""
    assert "finds no device" in read(FakeNvml(count=0)).note


def test_the_driver_is_started_once_and_again_after_it_failed() -> None:
    """A reading costs little; a driver that comes back is noticed."""
    nvml = FakeNvml(start_error=pynvml.NVMLError(pynvml.NVML_ERROR_DRIVER_NOT_LOADED))
    nvidia = Nvidia(nvml, card_present=lambda: True)
    assert nvidia.read().gpus == ()
    nvml.start_error = None
    assert len(nvidia.read().gpus) == 2
    assert len(nvidia.read().gpus) == 2
    assert nvml.starts == 2


def test_the_fake_plays_what_the_library_has() -> None:
    """Contract: each function of the fake exists in nvidia-ml-py and takes as many arguments."""
    for name, played in functions().items():
        real = inspect.signature(getattr(pynvml, name)).parameters.values()
        required = [p for p in real if p.default is p.empty]
        assert len(required) <= len(inspect.signature(played).parameters) - 1 <= len(real), name


def test_everything_we_ask_nvml_for_is_played_and_real() -> None:
    """Contract: no name is used that the fake leaves out or that the library lacks."""
    trees = [ast.parse(inspect.getsource(read)) for read in (module, topology)]
    used = {n.attr for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    asked = {name for name in used if name.startswith(("nvml", "NVML_"))}
    assert asked
    assert [name for name in asked if not hasattr(pynvml, name)] == []
    assert {name for name in asked if name.startswith("nvml")} == set(functions())


def test_an_nvidia_card_is_seen_on_the_bus(tmp_path: Path) -> None:
    """Vendor NVIDIA and class display; its audio function does not count."""
    audio, vga = tmp_path / "0000:01:00.1", tmp_path / "0000:01:00.0"
    for device, kind in ((audio, "0x040300"), (vga, "0x030000")):
        assert not nvidia_card_present(tmp_path)
        device.mkdir()
        (device / "vendor").write_text("0x10de\n")
        (device / "class").write_text(f"{kind}\n")
    assert nvidia_card_present(tmp_path)
