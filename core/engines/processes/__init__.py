"""Server processes: the seam (protocol.py) and one small file per family of systems."""

import os

from core.engines.processes.protocol import NONCE, Child, Ended, Identity, Launcher

__all__ = ["NONCE", "Child", "Ended", "Identity", "Launcher", "system_launcher"]


def system_launcher() -> Launcher:
    """The launcher of the system we run on."""
    if os.name == "nt":
        from core.engines.processes.windows import WindowsLauncher

        return WindowsLauncher()
    from core.engines.processes.posix import PosixLauncher

    return PosixLauncher()
