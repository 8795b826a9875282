"""Runs in a network of its own: the demo model over two ranks of real vLLM, ours and another's.

Rank 0 is started by the fleet as always, rank 1 by the line that `node-command` prints. Prints one
line of JSON for `test_real_ranks.py`. Argument: a folder for everything it writes.
"""

import asyncio
import json
import os
import shlex
import subprocess
import sys
import urllib.request
from pathlib import Path

from core.clock import SystemClock
from core.engines.fleet import Endpoint, Fleet
from core.engines.node_command import node_command
from core.engines.processes import system_launcher
from core.recipes.recipe import Recipe
from core.runtimes.runtime import Runtime
from core.secrets import Secrets
from core.settings import Settings
from events.projections import ALL
from events.store import EventStore
from tests.harness.ports import free_port
from tests.harness.runtimes import installed

MODEL = Path(__file__).parents[3] / "core" / "models" / "demo_model"
RANK = Path(__file__).parent / "rank_program.py"
ENV = {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
# Traced and not compiled to C++, which takes a minute of two cores. Not eager: vLLM 0.32 on the CPU
# skips what a second stage needs then.
TRACED = json.dumps({"mode": 2, "backend": "eager"})


def other_machine(recipe: Recipe, runtime: Runtime, folder: Path) -> subprocess.Popen[bytes]:
    """Rank 1: the printed line, with the CPU build's way of starting it."""
    words = shlex.split(node_command(recipe, 1).text)
    program = words.index("vllm")
    assert words[program : program + 3] == ["vllm", "serve", str(MODEL)]
    variables = dict(word.split("=", 1) for word in words[:program])
    return subprocess.Popen(
        [str(runtime.python), str(RANK), "--model", str(MODEL), *words[program + 3 :]],
        env={**os.environ, **variables, "VLLM_HOST_IP": "127.0.0.1", "VLLM_CPU_KVCACHE_SPACE": "1"},
        cwd=folder,
        stdout=(folder / "rank1.log").open("wb"),
        stderr=subprocess.STDOUT,
    )


def answer(endpoint: Endpoint) -> str:
    """A few tokens."""
    body = {"model": endpoint.model_name, "prompt": "hello", "max_tokens": 5, "temperature": 0}
    request = urllib.request.Request(
        f"http://127.0.0.1:{endpoint.port}/v1/completions",
        json.dumps(body).encode(),
        {"content-type": "application/json", "authorization": f"Bearer {endpoint.api_key}"},
    )
    with urllib.request.urlopen(request, timeout=60) as answered:
        text: str = json.load(answered)["choices"][0]["text"]
        return text


async def main(runtime: Runtime, folder: Path) -> dict[str, object]:
    """Start both, ask, stop ours."""
    settings = Settings(home=folder, inference_port=free_port())
    settings.paths.create()
    recipe = Recipe(
        id="demo",
        model=str(MODEL),
        context_length=512,
        kv_cache_gib=1.0,
        pipeline_parallel=2,
        nodes=2,
        node_backend="engine",
        node_address=f"127.0.0.1:{free_port()}",
        env=ENV,
        extra_args=("--compilation-config", TRACED),
    )
    fleet = Fleet(
        store=EventStore.open(settings.paths.main_db, projections=ALL),
        settings=settings,
        secrets=Secrets(settings.paths.secrets),
        clock=SystemClock(),
        launcher=system_launcher(),
        runtime_for=lambda _recipe: runtime,
    )
    async with fleet:
        rank_1 = other_machine(recipe, runtime, folder)
        endpoint = await fleet.ensure_ready(recipe, 1, actor="cli")
        text = await asyncio.to_thread(answer, endpoint)
        argv = fleet.views()[0].argv
        await fleet.stop("demo", reason="done", actor="cli")
        rank_1.kill()
        rank_1.wait()
    return {"text": text, "argv": argv}


if __name__ == "__main__":
    runtime, folder = installed("vllm-cpu"), Path(sys.argv[1])
    print("SEEN:" + json.dumps(asyncio.run(main(runtime, folder))), flush=True)
