"""How much energy each device has drawn, as far as the machine tells; nothing is guessed.

GPUs    the driver's energy counter (NVML, since Volta), and the power of the moment
"cpu"   the processor packages' counters (RAPL on Linux), where this user may read them
"""

from pathlib import Path

import msgspec

from core.hardware.nvidia import Nvidia, line

CPU = "cpu"
_POWERCAP = Path("/sys/class/powercap")


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """What one device tells; None: it does not tell that."""

    joules: float | None = None  # a counter: only differences mean something
    watts: float | None = None  # now


class PowerReader:
    """Asked again and again; takes a fraction of a millisecond, and may block."""

    def __init__(self, nvidia: Nvidia | None = None, powercap: Path = _POWERCAP) -> None:
        self._nvidia = nvidia or Nvidia()
        self._packages = [Package(folder) for folder in packages(powercap)]

    def read(self) -> dict[str, Power]:
        """By GPU UUID, and `CPU` for the processor; devices that tell nothing are left out."""
        found = {
            uuid: Power(joules=joules, watts=watts)
            for uuid, joules, watts in self._nvidia.powers()
            if joules is not None or watts is not None
        }
        if self._packages and (joules := self._processor()) is not None:
            found[CPU] = Power(joules=joules)
        return found

    def _processor(self) -> float | None:
        """All packages together; None when one of them does not tell."""
        told = [package.joules() for package in self._packages]
        known = [joules for joules in told if joules is not None]
        return sum(known) if len(known) == len(told) else None


class Package:
    """The counter of one processor package, which begins again at zero every some minutes."""

    def __init__(self, folder: Path) -> None:
        self._counter = folder / "energy_uj"
        self._range = _number(folder / "max_energy_range_uj")
        self._last: int | None = None
        self._total = 0

    def joules(self) -> float | None:
        """Since the first call, as long as it is called more often than it begins again."""
        now = _number(self._counter)
        if now is None:
            return None
        if self._last is not None:
            passed = now - self._last
            if passed < 0 and self._range is None:
                return None
            self._total += passed if passed >= 0 else passed + (self._range or 0)
        self._last = now
        return self._total / 1e6


def packages(powercap: Path) -> list[Path]:
    """The processor packages; parts of them and the whole platform would be counted twice."""
    found = powercap.glob("intel-rapl:*") if powercap.is_dir() else ()
    return sorted(folder for folder in found if line(folder / "name").startswith("package"))


def _number(path: Path) -> int | None:
    text = line(path)
    return int(text) if text.isdecimal() else None
