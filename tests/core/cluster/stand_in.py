"""A runtime whose interpreter finds a `ray` of our writing, for what a real cluster rarely does."""

import sys
from pathlib import Path

from core.runtimes.runtime import Runtime, python_of


def runtime_with(folder: Path, ray: str | None, kind: str = "vllm") -> Runtime:
    """A runtime in `folder`; `ray`: the source of its ray module, None when it has none."""
    python, packages = python_of(folder), folder / "packages"
    python.parent.mkdir(parents=True)
    packages.mkdir()
    if ray is not None:
        (packages / "ray.py").write_text(ray)
    program = (
        f"import runpy, sys; sys.path.insert(0, {str(packages)!r}); "
        "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -c "{program}" "$2" "$3"\n')
    python.chmod(0o755)
    return Runtime(id=f"{kind}-1", kind=kind, version="1", path=folder)


RAISES = """
def init(**_):
    raise {error}
"""

ANSWERS = """
__version__ = "2.60.0"

def init(address, **_):
    assert address == "auto"
    print("Ray says this and that")

def available_resources():
    return {"CPU": 3.0, "GPU": 1.0}

def nodes():
    return [
        {"Alive": True, "NodeID": "a", "NodeManagerAddress": "10.0.0.1",
         "Resources": {"CPU": 4.0, "GPU": 2.0}},
        {"Alive": False, "NodeID": "b", "NodeManagerAddress": "10.0.0.2",
         "Resources": {"CPU": 4.0, "GPU": 2.0}},
        {"Alive": True, "NodeID": "c", "NodeManagerAddress": "10.0.0.3",
         "Resources": {"CPU": 8.0}},
    ]

class _Context:
    def get_node_id(self):
        return "a"

def get_runtime_context():
    return _Context()
"""
