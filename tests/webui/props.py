"""What the stand-in's scenes are made of: recipes, engines, GPUs, logs, a story."""

import math
import time
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

GIB = 1024**3
STEP_S = 2.0
LOADING = (
    (2, "starting the process"),
    (12, "reading the configuration"),
    (28, "loading weights 3/14"),
    (46, "loading weights 7/14"),
    (62, "loading weights 11/14"),
    (78, "compiling kernels"),
    (92, "capturing CUDA graphs"),
)
INSTALLING: tuple[tuple[float | None, str], ...] = (
    (None, "asked for"),
    (4, "making the virtualenv"),
    (18, "downloading torch"),
    (52, "downloading transformers"),
    (81, "compiling bytecode"),
)


def now() -> int:
    """µs since the epoch."""
    return int(time.time() * 1e6)


def fact(
    position: int,
    type_: str,
    sentence: str,
    *,
    actor: str = "system",
    stream: str = "app",
    ago_s: float = 0.0,
    **data: Any,
) -> Json:
    """One entry of the timeline."""
    return {
        "position": position,
        "recorded_at": now() - int(ago_s * 1e6),
        "type": type_,
        "stream": stream,
        "actor": actor,
        "sentence": sentence,
        "correlation_id": None,
        "causation_id": None,
        "data": data,
        "known": True,
    }


def recipe(id_: str, name: str, model: str, **fields: Any) -> Json:
    """A recipe as it is saved."""
    return {"id": id_, "name": name, "model": model} | fields


def saved(recipe_: Json, revision: int = 1, actor: str = "window") -> Json:
    """A recipe with where it stands."""
    return {
        "recipe": recipe_,
        "revision": revision,
        "archived": False,
        "updated_at": now() - 3_600_000_000,
        "updated_by": actor,
    }


def view_of(recipe_: Json, state: str = "stopped", **fields: Any) -> Json:
    """A recipe as the switch lists show it."""
    return {
        "id": recipe_["id"],
        "name": recipe_.get("name", ""),
        "model": recipe_.get("model", ""),
        "engine": recipe_.get("engine", "vllm"),
        "public_name": recipe_.get("served_name") or recipe_["id"],
        "aliases": recipe_.get("aliases", []),
        "state": state,
        "engine_id": None,
        "percent": None,
        "phase": "",
        "pinned": recipe_.get("pinned", False),
        "last_load_s": None,
        "error": None,
        "next_action": "",
        "requests_today": 0,
        "eta_s": None,
        "late": False,
        "changed": False,
        "blocked": False,
        "blocked_until": None,
        "priority": 0,
        "can_sleep": False,
        "expected_s": fields.get("last_load_s"),
    } | fields


def engine(recipe_id: str, kind: str, state: str, **fields: Any) -> Json:
    """A run of an engine."""
    return {
        "engine_id": f"{recipe_id}-1",
        "recipe_id": recipe_id,
        "kind": kind,
        "runtime": None,
        "state": state,
        "since": now(),
        "port": 8000,
        "pid": 4711,
        "phase": "",
        "percent": None,
        "eta_s": None,
        "in_flight": 0,
        "argv": [],
        "adopted": False,
        "error": None,
        "error_code": "",
        "next_action": "",
        "lines": [],
        "late": False,
        "devices": [],
        "sleep_level": None,
        "remedy": {},
    } | fields


def switch(target: str | None, *, actor: str = "tray", step: str = "starting", **more: Any) -> Json:
    """A change under way."""
    return {
        "switch_id": "s1",
        "kind": "switch",
        "target": target,
        "step": step,
        "since": now(),
        "actor": actor,
        "in_flight": 0,
        "evict": [],
    } | more


def waits(recipe_id: str, requests: int, because: str, *, ago_s: float = 9) -> Json:
    """Requests that wait for a model."""
    since = now() - int(ago_s * 1e6)
    return {"recipe_id": recipe_id, "requests": requests, "oldest_since": since, "because": because}


def asked(id_: str, state: str, recipe_: Json, *, actor: str = "api", ago_s: float = 4) -> Json:
    """A request that has not ended."""
    return {
        "request_id": id_,
        "path": "/v1/chat/completions",
        "model": recipe_.get("served_name") or recipe_["id"],
        "recipe_id": recipe_["id"],
        "actor": actor,
        "key_id": actor.removeprefix("key:") if actor.startswith("key:") else None,
        "lane": "gateway",
        "state": state,
        "since": now() - int(ago_s * 1e6),
        "stream": True,
    }


def status(recipes: list[Json], **fields: Any) -> Json:
    """The picture of the machine."""
    change = fields.get("switch")
    return {
        "version": "0.1.0",
        "position": 0,
        "endpoint": "http://127.0.0.1:8080/v1",
        "state": "idle",
        "active": None,
        "headline": "",
        "recipes": recipes,
        "engines": [],
        "switch": None,
        "gateway": {"state": "ready", "port": 4000, "pid": 4712, "restarts": 0, "error": None},
        "waiting": [],
        "in_flight": 0,
        "alarm": None,
        "switches": [change] if change else [],
        "problem": None,
        "notices": [],
        "held_back": None,
        "failed": None,
        "language": "auto",
    } | fields


def gpu(index: int, used: float, other: float, percent: int, temperature: int) -> Json:
    """One RTX 4090; sizes in GiB."""
    return {
        "index": index,
        "name": "NVIDIA GeForce RTX 4090",
        "uuid": f"GPU-{index}",
        "memory_total": 24 * GIB,
        "memory_used": int(used * GIB),
        "utilization": percent,
        "temperature": temperature,
        "power_w": 310.0,
        "processes": [
            {"pid": 5000 + index, "name": "VLLM::Worker", "memory": int((used - other) * GIB)},
            {"pid": 900, "name": "Xorg", "memory": int(other * GIB)},
        ],
    }


def hardware(gpus: list[Json]) -> Json:
    """The machine."""
    return {
        "gpus": gpus,
        "gpu_note": "" if gpus else "No NVIDIA GPU",
        "driver": "580.95" if gpus else None,
        "cpu": {"name": "AMD Ryzen 9 7950X", "cores": 32, "percent": 34.0},
        "memory": {"total": 64 * GIB, "available": 41 * GIB},
        "disk": {"total": 1800 * GIB, "free": 960 * GIB},
    }


GPUS = hardware([gpu(0, 21.9, 0.6, 87, 64), gpu(1, 21.3, 0.0, 84, 61)])
IDLE_GPUS = hardware([gpu(0, 0.6, 0.6, 2, 38), gpu(1, 0.0, 0.0, 0, 36)])
NO_GPU = hardware([])


def engine_metrics(t: float) -> Json:
    """A busy engine's own numbers at a moment."""
    wave = math.sin(t / 17) + 0.5 * math.sin(t / 5.3)
    return {
        "generation_tps": 412 + 60 * wave,
        "prompt_tps": 2100.0,
        "running": 6.0,
        "waiting": 0.0,
        "kv_cache": 0.38 + 0.05 * wave,
        "ttft_p50_ms": 184 + 22 * math.sin(t / 11),
        "prefix_hits": 0.71,
    }


def sample(machine: Json, metrics: Json, at: float) -> Json:
    """One measurement; the engines named in the scene move a little."""
    engines = {
        name: engine_metrics(at) if values else {} for name, values in metrics["engines"].items()
    }
    return {"at": int(at * 1e6), "hardware": machine, "engines": engines} | {
        "gateway": metrics["gateway"]
    }


def history(machine: Json, metrics: Json) -> Iterator[Json]:
    """The last five minutes, so that the charts have a shape at once."""
    end = time.time() - STEP_S
    for step in range(148, -1, -4):
        yield sample(machine, metrics, end - step * STEP_S)


QWEN = recipe(
    "qwen3-32b",
    "Qwen3-32B-AWQ",
    "Qwen/Qwen3-32B-AWQ",
    tensor_parallel=2,
    context_length=40960,
    memory_fraction=0.92,
    quantization="awq",
    reasoning_parser="qwen3",
    tool_call_parser="hermes",
    aliases=["gpt-4o"],
    extra_args=["--enable-chunked-prefill"],
)
GEMMA = recipe("gemma3", "gemma-3-27b-it", "google/gemma-3-27b-it", quantization="fp8")
MISTRAL = recipe("mistral", "Mistral-Small-3.2-24B", "mistralai/Mistral-Small-3.2-24B", pinned=True)
R1 = recipe(
    "ds-r1",
    "DeepSeek-R1-Distill-70B",
    "deepseek-ai/DeepSeek-R1-Distill-Llama-70B",
    quantization="awq",
    tensor_parallel=2,
    context_length=40960,
)
LARGE = recipe(
    "llama-70b",
    "Llama-3.3-70B-FP8",
    "meta/Llama-3.3-70B-FP8",
    tensor_parallel=2,
    context_length=131072,
)
DEMO = recipe("demo", "Studio demo", "vllm-studio/demo", engine="transformers")
DEMO_B = recipe("demo-b", "Studio demo, second", "vllm-studio/demo", engine="transformers")

OOM = "CUDA ran out of memory while making room for the KV cache"
OOM_NEXT = "set the context length to 24,576 or lower, or use tensor parallel 2"
OOM_REMEDY = {"context_length": 24576}
OOM_LINES = [
    "INFO 11-23 14:02:07 [gpu_model_runner.py:2210] Model loading took 39.2 GiB",
    "ERROR 11-23 14:02:11 [core.py:708] torch.OutOfMemoryError: CUDA out of memory.",
    "Tried to allocate 3.11 GiB. GPU 0 has a total capacity of 23.99 GiB of which 1.02 GiB is free",
]


def log_line(number: int) -> str:
    """A line of a living engine."""
    stamp = time.strftime("%m-%d %H:%M:%S")
    tail = "Running: 6 reqs, Waiting: 0 reqs, GPU KV cache usage: 38.2%"
    return (
        f"INFO {stamp} [loggers.py:118] Engine 000: Avg generation throughput: "
        f"{400 + number % 37:.1f} tokens/s, {tail}"
    )


def engine_log() -> list[str]:
    """A start with a warning and a traceback in it."""
    lines = [
        "INFO 11-23 13:58:02 [api_server.py:1839] vLLM API server version 0.14.1",
        "INFO 11-23 13:58:09 [config.py:1604] Using max model len 40960",
        "WARNING 11-23 13:58:09 [cuda.py:103] Detected different devices in the system",
    ]
    lines += [
        f"INFO 11-23 13:58:{10 + n:02d} [weight_utils.py:296] Loading safetensors shard {n}/14"
        for n in range(1, 15)
    ]
    lines += [
        "ERROR 11-23 13:58:31 [serving_chat.py:211] Error in preprocessing prompt inputs",
        "Traceback (most recent call last):",
        '  File "vllm/entrypoints/openai/serving_chat.py", line 199, in create_chat_completion',
        "ValueError: As of transformers v4.44, default chat template is no longer allowed",
        "INFO 11-23 13:58:40 [launcher.py:36] Available routes are:",
    ]
    return lines + [log_line(n) for n in range(240)]


LOGS = {
    "app": [f"INFO studio: heartbeat {n}" for n in range(40)],
    "gateway": ["INFO: Uvicorn running on http://127.0.0.1:4000 (Press CTRL+C to quit)"],
    "qwen3-32b": engine_log(),
    "ds-r1": OOM_LINES,
}


# What happened, when (seconds ago), who asked, in which stream, in which words, with which data.
STORY = """
9000 | system     | app                | app-started            | vLLM Studio 0.1.0 started.
8998 | system     | gateway            | gateway-started        | The gateway is starting.
8994 | system     | gateway            | gateway-became-ready   | The gateway answers after 3.4 s.
8700 | window     | recipe-qwen3-32b   | recipe-created         | The recipe qwen3-32b was created.
8600 | cli        | recipe-ds-r1       | recipe-imported        | The recipe ds-r1 was imported.
8500 | tray       | switching          | switch-requested       | Asked to switch to ds-r1.
8499 | tray       | engine-ds-r1-1     | engine-start-requested | Starting ds-r1 with vllm.
8440 | system     | engine-ds-r1-1     | engine-start-failed    | ds-r1 could not be started.
8440 | system     | switching          | switch-failed          | The switch failed.
8110 | key:ab12cd | switching          | switch-requested       | Asked to switch to qwen3-32b.
8109 | key:ab12cd | engine-qwen3-32b-1 | engine-start-requested | Starting qwen3-32b with vllm.
8108 | system     | engine-qwen3-32b-1 | engine-started         | qwen3-32b is running as 4711.
8060 | system     | engine-qwen3-32b-1 | engine-became-ready    | qwen3-32b answers after 48.0 s.
8059 | gateway    | gateway            | gateway-config-applied | The gateway now routes: qwen3-32b.
8058 | system     | switching          | switch-completed       | Done after 50.2 s: switch to qwen.
"""
EARLIER = 130


def story() -> list[Json]:
    """An afternoon, after many settings were tried."""
    facts = [
        fact(
            n, "setting-changed", f"The setting drain_timeout_s was changed to {n}.", ago_s=2e5 - n
        )
        for n in range(1, EARLIER + 1)
    ]
    for position, line in enumerate(STORY.strip().splitlines(), EARLIER + 1):
        ago, actor, stream, type_, sentence = (part.strip() for part in line.split("|"))
        told = fact(position, type_, sentence, actor=actor, stream=stream, ago_s=float(ago))
        if type_ == "engine-start-failed":
            told["sentence"] = f"ds-r1 could not be started: {OOM}."
            told["data"] = {"recipe_id": "ds-r1", "reason": OOM, "lines": OOM_LINES}
            told["data"]["remedy"] = OOM_REMEDY
        facts.append(told)
    return facts
