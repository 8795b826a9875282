"""Runs in a network of its own: a Ray cluster of two nodes, asked and judged, then vLLM on it.

Prints one line of JSON for `test_real_ray.py`. Argument: a folder for everything it writes.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from core.cluster.ask import ask
from core.cluster.judge import objection
from core.engines import vllm
from core.engines.launch_spec import LaunchSpec
from core.engines.nodes import JOIN_ONLY, RAY_ADDRESS
from core.recipes.recipe import Recipe
from core.runtimes.runtime import Runtime
from core.settings import Paths
from tests.core.cluster.ray_runtime import with_ray

HEAD = "127.0.0.1:6379"
MODEL = Path(__file__).parents[3] / "core" / "models" / "demo_model"
SMALL = ("--num-cpus=1", "--object-store-memory=80000000", "--disable-usage-stats")


def ray(runtime: Runtime, *words: str) -> None:
    """Ray's own program; its daemons end with this network."""
    command = [str(runtime.python.with_name("ray")), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stdout}\n{done.stderr}")


def recipe(**fields: object) -> Recipe:
    """The demo model on the cluster."""
    spread = {"nodes": 2, "pipeline_parallel": 2, "node_address": HEAD}
    return Recipe(**{"id": "demo", "model": str(MODEL), "context_length": 512, **spread, **fields})  # type: ignore[arg-type] # by name


def launch(of: Recipe, runtime: Runtime, folder: Path) -> LaunchSpec:
    """As the product would: the runtime is taken for vLLM on a GPU, which may use Ray."""
    return vllm.build(
        of, runtime=runtime, port=8123, api_key=None, paths=Paths(folder), env=os.environ
    )


async def main(runtime: Runtime, folder: Path) -> dict[str, object]:
    """One thing after the other."""
    spec = launch(recipe(), runtime, folder)
    began = time.monotonic()
    before = await ask(runtime, HEAD, spec.env)
    at_once = time.monotonic() - began
    here = dict(spec.env) | {RAY_ADDRESS: JOIN_ONLY}  # as for a recipe without an address
    none = await ask(runtime, JOIN_ONLY, here)
    start_two_nodes(runtime, folder)
    found = await ask(runtime, HEAD, spec.env)
    return {
        "before": msgspec.to_builtins(before),
        "before_s": at_once,
        "none": msgspec.to_builtins(none),
        "found": msgspec.to_builtins(found),
        "auto": msgspec.to_builtins(await ask(runtime, JOIN_ONLY, here)),
        "stranger": msgspec.to_builtins(await ask(runtime, HEAD, without_token(spec.env))),
        "against": msgspec.to_builtins(objection(recipe(), found)),
        "vllm": vllm_said(spec, runtime, folder),
    }


def start_two_nodes(runtime: Runtime, folder: Path) -> None:
    """With a token, as `node-command` advises."""
    ray(runtime, "get-auth-token", "--generate")
    ray(
        runtime,
        *("start", "--head", "--node-ip-address=127.0.0.1", "--port=6379", "--num-gpus=0"),
        *("--include-dashboard=false", f"--temp-dir={folder / 'ray'}", *SMALL),
    )
    ray(runtime, "start", f"--address={HEAD}", "--node-ip-address=127.0.0.2", *SMALL)


def without_token(env: Mapping[str, str]) -> dict[str, str]:
    """Somebody who reaches the port and nothing else."""
    return {name: value for name, value in env.items() if name != "RAY_AUTH_MODE"}


def vllm_said(spec: LaunchSpec, runtime: Runtime, folder: Path) -> list[str]:
    """The decisive lines of vLLM's own attempt, on the CPU."""
    module = ("-m", "vllm.entrypoints.openai.api_server", "--model", str(MODEL))
    tried = subprocess.run(
        [str(runtime.python), *module, *spec.argv[3:], "--enforce-eager"],
        env={**spec.env, "VLLM_CPU_KVCACHE_SPACE": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    lines = (tried.stdout + tried.stderr).splitlines()
    return [line for line in lines if "ray" in line.lower() and "File" not in line]


if __name__ == "__main__":
    runtime, folder = with_ray(), Path(sys.argv[1])
    os.environ |= {"HOME": str(folder), "RAY_AUTH_MODE": "token"}  # no token in the user's home
    print("SEEN:" + json.dumps(asyncio.run(main(runtime, folder))), flush=True)
