"""A studio in use, for its portrait: the real app, the real demonstration model, simulated others.

The large models are simulated engines (`tests/support/sim_engine.py`), for pictures are made on any
machine; hardware is what the machine has.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.settings import Paths
from tests.harness import runtimes
from tests.harness.sim import SIM_ENGINE, sim_recipe
from tests.harness.studio import StudioServer
from tests.pictures import studies
from tests.pictures.past import write_past

LOADING = (
    "INFO [model.py:1750] Using max model len 32768",
    "INFO [weight_utils.py:296] Time spent downloading weights: 0.4 seconds",
    "INFO [default_loader.py:262] Loading weights took 8.41 seconds",
    "INFO [gpu_model_runner.py:1892] Model loading took 18.14 GiB and 9.02 seconds",
    "INFO [kv_cache_utils.py:829] GPU KV cache size: 61,408 tokens",
)
NO_ROOM = (
    "ERROR [core.py:708] torch.OutOfMemoryError: CUDA out of memory. "
    "Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 23.52 GiB",
)


@contextmanager
def studio_in_use() -> Iterator[StudioServer]:
    """Two weeks old; one model ready, one asleep, one that failed, a conversation with the demo."""
    with tempfile.TemporaryDirectory(prefix="studio-") as folder:
        home = Path(folder)
        runtimes.link(home, ["litellm", "transformers"])
        (home / "settings.toml").write_text("max_resident = 3\n")
        write_past(Paths(home))
        server = StudioServer(home, {"PATH": f"{_programs(home)}:{os.environ['PATH']}"})
        try:
            server.start()
            server.post("/api/demo", {"action": "setup", "wait": True}, timeout=300)
            _save_recipes(server)
            _research(server)
            studies.add_servers(server)
            _live(server)
            yield server
        finally:
            server.close()


@contextmanager
def fresh_studio() -> Iterator[StudioServer]:
    """As it is when it is opened for the first time."""
    with tempfile.TemporaryDirectory(prefix="studio-") as folder:
        home = Path(folder)
        runtimes.link(home, ["litellm"])
        server = StudioServer(home)
        try:
            server.start()
            yield server
        finally:
            server.close()


def _programs(home: Path) -> Path:
    """Programs under short names, so that no picture shows where this tree lies."""
    folder = home / "bin"
    folder.mkdir()
    programs = {"sim-engine": (sys.executable, str(SIM_ENGINE)), **studies.programs()}
    for name, command in programs.items():
        program = folder / name
        words = " ".join(f'"{word}"' for word in command)
        program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        program.chmod(0o755)
    return folder


def _simulated(recipe_id: str, name: str, **knobs: Any) -> dict[str, Any]:
    fields = {"name": name, "sleep": "1", **knobs.pop("recipe", {})}
    recipe = sim_recipe(recipe_id, recipe=fields, **knobs)
    recipe["command"] = ["sim-engine", *recipe["command"][2:]]
    return recipe


def _save_recipes(server: StudioServer) -> None:
    window = server.owner("window")
    recipes = [
        _simulated(
            "qwen3-32b",
            "Qwen3 32B AWQ",
            load_seconds=3,
            tokens=40000,
            tokens_per_second=70,
            log_line=list(LOADING),
            recipe={"aliases": ["large", "gpt-4o"], "pinned": True},
        ),
        _simulated("gemma-3-27b", "Gemma 3 27B", load_seconds=1.5, memory_mib=200),
        _simulated("mistral-small", "Mistral Small 3.2 24B", load_seconds=1),
        _simulated(
            "deepseek-r1-70b",
            "DeepSeek R1 Distill 70B",
            load_seconds=1,
            crash_while_loading=1,
            log_line=[*LOADING[:2], *NO_ROOM],
        ),
        {
            "id": "llama-3.3-70b",
            "name": "Llama 3.3 70B Instruct",
            "engine": "vllm",
            "model": "meta-llama/Llama-3.3-70B-Instruct",
            "context_length": 32768,
            "memory_fraction": 0.92,
            "tensor_parallel": 2,
            "kv_cache_dtype": "fp8",
            "aliases": ["llama"],
            "extra_args": ["--max-num-seqs", "64"],
        },
    ]
    for recipe in recipes:
        answer = server.http.post("/api/recipes", json=recipe, headers=window)
        assert answer.is_success, answer.text


def _research(server: StudioServer) -> None:
    """One that is done, by a model that is there no more."""
    with studies.researched(server):
        server.evict_all()
    answer = server.http.delete("/api/recipes/scholar", headers=server.owner("window"))
    assert answer.is_success, answer.text


def _live(server: StudioServer) -> None:
    """What a morning with it records."""
    tray, window = server.owner("tray"), server.owner("window")

    def change(what: str, target: str, who: dict[str, str]) -> None:
        body = {"target": target, "wait": True}
        server.http.post(f"/api/{what}", json=body, headers=who, timeout=300)

    change("switch", "mistral-small", tray)
    change("switch", "deepseek-r1-70b", window)
    change("evict", "mistral-small", window)
    for question in ("Summarise the minutes.", "And in one sentence?"):
        server.chat("demo", question)
    server.wait_for_state("demo", "ready", within=300)
    change("load", "gemma-3-27b", tray)
    change("load", "qwen3-32b", window)
    change("sleep", "gemma-3-27b", window)
    server.wait_for_state("qwen3-32b", "ready")
