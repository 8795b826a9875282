"""The real runtimes: installed by the product from its locks, and what came in."""

import asyncio
import json
import subprocess

import pytest

from core.runtimes.flags import read_flags
from core.runtimes.runtime import Runtime
from tests.harness import runtimes

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

INSTALLED = """
import importlib.metadata, json
found = importlib.metadata.distributions()
print(json.dumps({d.name.lower().replace("_", "-"): d.version for d in found}))
"""


def distributions(runtime: Runtime) -> dict[str, str]:
    """Name → version of everything in a runtime."""
    said = subprocess.check_output([runtime.python, "-I", "-c", INSTALLED], text=True)
    found: dict[str, str] = json.loads(said)
    return found


def test_the_gateway_is_installed_without_its_proprietary_part() -> None:
    """LiteLLM with what it needs to run, and without litellm-enterprise."""
    found = distributions(runtimes.installed("litellm"))
    assert found["litellm"] == "1.106.2"
    assert {"uvloop", "httptools", "prometheus-client"} <= set(found)
    assert "litellm-enterprise" not in found


@pytest.mark.parametrize("kind", ["transformers", "vllm-cpu"])
def test_an_engine_for_the_cpu_holds_no_cuda(kind: str) -> None:
    """torch is the build for the CPU, and no gigabytes of CUDA came along."""
    found = distributions(runtimes.installed(kind))
    assert found["torch"].startswith("2.13.0")
    assert "+cu" not in found["torch"]
    assert [name for name in found if name.startswith("nvidia-")] == []
    assert not {"torchvision", "torchaudio", "torchcodec", "triton"} & set(found)


def test_bytecode_is_there_before_the_first_start() -> None:
    """An engine does not compile itself at every start."""
    packages = next(runtimes.installed("transformers").path.glob("lib/python*/site-packages"))
    for module in ("transformers/__init__.py", "torch/__init__.py", "fastapi/__init__.py"):
        source = packages / module
        assert list((source.parent / "__pycache__").glob(f"{source.stem}.*.pyc")), module


def test_vllm_tells_its_own_flags() -> None:
    """The table a recipe is checked against comes from the engine that is installed."""
    table = asyncio.run(read_flags(runtimes.installed("vllm-cpu")))
    assert table.engine == "vllm"
    assert len(table.flags) > 200
    assert table.find("--max-model-len") is not None
    assert table.find("--no-such-flag") is None
    eager = table.find("--enforce-eager")
    assert eager is not None
    assert eager.is_switch
