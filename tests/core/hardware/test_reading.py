"""The rest of the machine: processor, memory, disk."""

import os
from pathlib import Path

import msgspec
import pynvml
import pytest

from core.hardware import Hardware, read_hardware
from core.hardware.host import name_in_cpuinfo, read_disk
from core.hardware.nvidia import Nvidia
from tests.core.hardware.fake_nvml import FakeNvml


def test_a_machine_without_a_gpu_still_shows_what_it_has(tmp_path: Path) -> None:
    """No GPU is a sentence, not a failure; CPU, memory and disk are there."""
    missing = FakeNvml(start_error=pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND))
    hardware = read_hardware(tmp_path, nvidia=Nvidia(missing, card_present=lambda: False))
    assert hardware.gpu_note == "no NVIDIA GPU"
    assert hardware.cpu.name
    assert 1 <= hardware.cpu.cores <= (os.cpu_count() or 1)
    assert 0 < hardware.memory.available <= hardware.memory.total
    assert 0 < hardware.disk.free <= hardware.disk.total


def test_this_machine_can_be_read_and_sent() -> None:
    """The real reading works here, whatever is here, and travels as JSON."""
    hardware = read_hardware()
    assert hardware.gpus or hardware.gpu_note
    assert msgspec.json.decode(msgspec.json.encode(hardware), type=Hardware) == hardware


def test_the_disk_of_a_folder_that_does_not_exist_yet(tmp_path: Path) -> None:
    """Before the first start the data directory is missing; its disk is not."""
    assert read_disk(tmp_path / "not" / "yet").total == read_disk(tmp_path).total


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("processor\t: 0\nmodel name\t: AMD EPYC\nmodel name\t: other\n", "AMD EPYC"),
        ("processor\t: 0\nModel\t\t: Raspberry Pi 5\n", "Raspberry Pi 5"),
        ("processor\t: 0\nmodel name\t:\n", ""),
    ],
)
def test_the_processor_has_its_own_name(tmp_path: Path, text: str, name: str) -> None:
    """As the kernel tells it, on x86 and on ARM boards."""
    (tmp_path / "cpuinfo").write_text(text)
    assert name_in_cpuinfo(tmp_path / "cpuinfo") == name
