"""A network of its own for tests with several "machines": nothing but a loopback interface.

Ray listens on every interface there is. In such a network that is loopback alone, and nobody else
reaches it; and every process in it, Ray's daemons included, ends with the first one.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
JAIL = ("unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--mount-proc")
WITH_ITS_LIFE = ("--kill-child",)
UP = "ip link set lo up && exec "


def needs_a_network_of_its_own() -> None:
    """Skip where the system does not allow one."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("needs unshare and ip (util-linux, iproute2)")
    tried = subprocess.run(
        [*JAIL, *WITH_ITS_LIFE, "sh", "-c", f"{UP}true"], capture_output=True, check=False
    )
    if tried.returncode != 0:
        pytest.skip(f"no network namespaces for users here: {tried.stderr.decode().strip()}")


def run_inside(module: str, *arguments: str, timeout_s: float) -> subprocess.CompletedProcess[str]:
    """Run one of our programs in a network of its own; its output is for the test to read."""
    words: Sequence[str] = (sys.executable, "-m", module, *arguments)
    return subprocess.run(
        [*JAIL, *WITH_ITS_LIFE, "sh", "-c", f'{UP}"$0" "$@"', *words],
        cwd=ROOT,
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
