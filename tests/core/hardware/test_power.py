"""Energy is what counters say, in joules; what nobody tells is not made up."""

from pathlib import Path

import pynvml
import pytest

from core.hardware.nvidia import Nvidia
from core.hardware.power import CPU, Power, PowerReader
from tests.core.hardware.fake_nvml import FakeNvml

NOT_LOADED = pynvml.NVMLError(pynvml.NVML_ERROR_DRIVER_NOT_LOADED)


def no_gpu() -> Nvidia:
    """A machine without NVIDIA's driver."""
    return Nvidia(FakeNvml(start_error=NOT_LOADED), card_present=lambda: False)


def package(folder: Path, name: str, microjoules: int) -> Path:
    """A zone of the powercap tree."""
    folder.mkdir(exist_ok=True)
    (folder / "name").write_text(f"{name}\n")
    (folder / "energy_uj").write_text(f"{microjoules}\n")
    (folder / "max_energy_range_uj").write_text("10000000\n")
    return folder


def test_a_gpu_tells_its_counter_and_its_power(tmp_path: Path) -> None:
    """In joules and watts; a card that tells nothing is left out."""
    reader = PowerReader(Nvidia(FakeNvml()), powercap=tmp_path)
    assert reader.read() == {"GPU-0": Power(joules=7250.0, watts=412.5)}


def test_without_gpus_the_processor_packages_are_added_up(tmp_path: Path) -> None:
    """Their parts are not counted twice, and a counter that begins again goes on."""
    one = package(tmp_path / "intel-rapl:0", "package-0", 9_000_000)
    package(tmp_path / "intel-rapl:0:0", "core", 5)
    package(tmp_path / "intel-rapl:1", "package-1", 1_000_000)
    package(tmp_path / "intel-rapl:2", "psys", 5)
    reader = PowerReader(no_gpu(), powercap=tmp_path)
    assert reader.read() == {CPU: Power(joules=0.0)}
    package(one, "package-0", 500_000)
    package(tmp_path / "intel-rapl:1", "package-1", 3_000_000)
    assert reader.read()[CPU].joules == pytest.approx(1.5 + 2.0)


def test_a_machine_that_tells_nothing_has_no_readings(tmp_path: Path) -> None:
    """No driver; and counters that this user may not read."""
    assert PowerReader(no_gpu(), powercap=tmp_path / "none").read() == {}
    folder = package(tmp_path / "intel-rapl:0", "package-0", 5)
    (folder / "energy_uj").unlink()  # unreadable, also for those who may read everything
    assert PowerReader(no_gpu(), powercap=tmp_path).read() == {}
