"""The estimate against what real engines really hold, on the CPU.

A model of random weights of 800 MB, where weights and cache are most of it. The demo model of 3 MB,
where everything is the engine itself, is measured where it runs anyway:
tests/core/models/test_real_answers.py.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from core.engines import transformers, vllm
from core.engines.launch_spec import LaunchSpec
from core.fit.number_formats import GIB
from core.fit.plan import Engine
from core.hardware.process_memory import Measured, group_pids, measure_now
from core.models.demo import PACKAGED
from core.recipes.recipe import Recipe
from core.runtimes.runtime import Runtime
from core.settings import Paths
from tests.core.fit.measured import are_close, estimated
from tests.harness import runtimes
from tests.harness.ports import free_port
from tests.harness.waiting import eventually

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

RANDOM_MODEL = """
import sys, torch
from transformers import Qwen3Config, Qwen3ForCausalLM
config = Qwen3Config(
    vocab_size=1409, hidden_size=1536, intermediate_size=6144, num_hidden_layers=12,
    num_attention_heads=12, num_key_value_heads=4, head_dim=128, max_position_embeddings=4096,
    tie_word_embeddings=True, dtype="bfloat16",
)
torch.set_default_dtype(torch.bfloat16)
Qwen3ForCausalLM(config).save_pretrained(sys.argv[1])
"""


@pytest.fixture(scope="module")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 800 MB that babbles; its tokenizer is the demo model's."""
    folder = tmp_path_factory.mktemp("models") / "random"
    python = runtimes.installed("transformers").python
    subprocess.run([python, "-c", RANDOM_MODEL, str(folder)], check=True, capture_output=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(PACKAGED / name, folder / name)
    return folder


@contextmanager
def running(spec: LaunchSpec, port: int, log: Path) -> Iterator[int]:
    """The engine, once it is healthy; gives its process group."""
    spec.cwd.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        child = subprocess.Popen(
            spec.argv,
            env=dict(spec.env),
            cwd=spec.cwd,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_healthy(child, port, log)
        yield child.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait(30)
        eventually(lambda: _is_over(child.pid), within=30, what="its workers are gone")


def _is_over(group: int) -> bool:
    """Only remains of processes are left, which hold nothing."""
    with contextlib.suppress(psutil.NoSuchProcess):
        left = [psutil.Process(pid).status() for pid in group_pids(group)]
        return all(status == psutil.STATUS_ZOMBIE for status in left)
    return False


def _wait_until_healthy(child: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + 300
    while time.monotonic() < end:
        assert child.poll() is None, log.read_text()[-3000:]
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.25)
    raise AssertionError(log.read_text()[-3000:])


def measured(recipe: Recipe, runtime: Runtime, tmp_path: Path) -> Measured:
    """What it holds once it is ready."""
    port = free_port()
    build = transformers.build if runtime.kind == "transformers" else vllm.build
    spec = build(
        recipe,
        runtime=runtime,
        port=port,
        api_key=None,
        paths=Paths(tmp_path),
        env=dict(os.environ),
    )
    with running(spec, port, tmp_path / "engine.log") as group:
        if runtime.kind == "transformers":
            _load(recipe.model, port)
        found = measure_now(group)
    assert found is not None
    assert not psutil.pid_exists(group)
    return found


def _load(model: str, port: int) -> None:
    """`transformers serve` is healthy before its model is loaded: one answer loads it."""
    body = f'{{"model": "{model}", "messages": [{{"role": "user", "content": "Hi"}}], '
    body += '"max_tokens": 1}'
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        data=body.encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        assert answer.status == 200


def compare(recipe: Recipe, kind: Engine, tmp_path: Path) -> None:
    """Estimate and measurement are close, and the least is really less."""
    known = estimated(recipe, kind)
    are_close(known, measured(recipe, runtimes.installed(kind), tmp_path))


def test_a_larger_model_on_transformers(random_model: Path, tmp_path: Path) -> None:
    """The weights are two thirds."""
    recipe = Recipe(
        id="random", engine="transformers", model=str(random_model), extra_args=("--device", "cpu")
    )
    compare(recipe, "transformers", tmp_path)


def test_a_larger_model_with_a_larger_cache_on_vllm(random_model: Path, tmp_path: Path) -> None:
    """Weights and cache are three quarters."""
    recipe = Recipe(
        id="random",
        model=str(random_model),
        context_length=2048,
        kv_cache_gib=3.0,
        enforce_eager=True,
    )
    known = estimated(recipe, "vllm-cpu")
    assert known.host is not None
    assert known.host.of("kv_cache") == 3 * GIB
    compare(recipe, "vllm-cpu", tmp_path)
