"""The scenes of the stand-in: each is a whole studio, standing still."""

import math
import time
from collections.abc import Callable, Iterator
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


def scene(
    status_: Json,
    machine: Json,
    recipes: list[Json],
    *,
    measured: bool = True,
    told: bool = True,
    requests: list[Json] | None = None,
) -> Json:
    """Everything a studio has."""
    active = status_["active"]
    return {
        "status": status_,
        "hardware": machine,
        "metrics": {
            "engines": {active: engine_metrics(0) if measured else {}} if active else {},
            "gateway": {"requests_per_s": 3.2},
        },
        "facts": story() if told else [],
        "requests": requests or [],
        "recipes": {r["id"]: saved(r, 3) for r in recipes},
        "logs": {name: list(lines) for name, lines in LOGS.items()} if told else {"app": []},
    }


def busy() -> Json:
    """The picture of the mock: one ready, one loading, one stopped, one failed, two GPUs."""
    views = [
        view_of(QWEN, "ready", last_load_s=48.0, requests_today=1204, engine_id="qwen3-32b-1")
        | {"can_sleep": True},
        view_of(GEMMA, "loading", percent=62.0, phase="loading weights 11/14", last_load_s=83.0)
        | {"requests_today": 96, "eta_s": 31.0},
        view_of(MISTRAL, last_load_s=22.0),
        view_of(R1, "failed", error=OOM, next_action=OOM_NEXT),
    ]
    engines = [
        engine("qwen3-32b", "vllm", "ready", runtime="vllm-0.14.1", in_flight=6)
        | {"since": now() - 8_060_000_000},
        engine("gemma3", "vllm", "loading", percent=62.0, eta_s=31.0, port=8001)
        | {"since": now() - 52_000_000, "phase": "loading weights 11/14", "pid": 4720},
    ]
    picture = status(views, state="ready", active="qwen3-32b", engines=engines, in_flight=6)
    return scene(picture, GPUS, [QWEN, GEMMA, MISTRAL, R1], requests=in_hand())


def in_hand() -> list[Json]:
    """Six requests that run."""
    return [
        asked(
            f"req-{n}", "running", QWEN, actor="key:ab12cd" if n % 3 == 0 else "api", ago_s=18 - n
        )
        for n in range(6)
    ]


def loading() -> Json:
    """Nothing resident yet; a switch asked for in the tray is at 62 %."""
    views = [
        view_of(QWEN, "loading", percent=62.0, phase="loading weights 11/14", last_load_s=48.0)
        | {"eta_s": 18.0},
        view_of(MISTRAL, last_load_s=22.0),
    ]
    one = engine("qwen3-32b", "vllm", "loading", runtime="vllm-0.14.1", percent=62.0, eta_s=18.0)
    one |= {"since": now() - 30_000_000, "phase": "loading weights 11/14"}
    picture = status(views, state="switching", engines=[one], switch=switch("qwen3-32b"))
    picture["waiting"] = [waits("qwen3-32b", 2, "")]
    held = [asked("req-a1", "waiting", QWEN, ago_s=9), asked("req-a2", "waiting", QWEN, ago_s=2)]
    return scene(picture, GPUS, [QWEN, MISTRAL], requests=held)


def draining() -> Json:
    """A switch that waits for six running requests."""
    whole = busy()
    change = switch("mistral", actor="cli", step="draining", in_flight=6, evict=["qwen3-32b"])
    whole["status"] |= {"state": "switching", "switch": change, "switches": [change]}
    return whole


def failed() -> Json:
    """The last start failed, and nothing is resident."""
    views = [view_of(R1, "failed", error=OOM, next_action=OOM_NEXT), view_of(QWEN, last_load_s=48)]
    return scene(status(views, state="failed"), IDLE_GPUS, [R1, QWEN])


def cpu() -> Json:
    """The demo on a machine without a GPU, on an engine that reports nothing."""
    views = [view_of(DEMO, "ready", last_load_s=5.2, requests_today=3), view_of(DEMO_B)]
    one = engine("demo", "transformers", "ready", runtime="transformers-5.1.0")
    picture = status(views, state="ready", active="demo", engines=[one])
    return scene(picture, NO_GPU, [DEMO, DEMO_B], measured=False)


def empty() -> Json:
    """A fresh machine."""
    picture = status([])
    picture["gateway"]["state"] = "installing"
    return scene(picture, NO_GPU, [], told=False)


def two_changes() -> Json:
    """Two models load at once on a GPU each, a third waits for room, and its requests say why."""
    views = [
        view_of(GEMMA, "loading", percent=62.0, phase="loading weights 11/14", last_load_s=83.0)
        | {"eta_s": 31.0},
        view_of(MISTRAL, "loading", percent=17.0, phase="reading the configuration")
        | {"late": True, "last_load_s": 22.0},
        view_of(QWEN, last_load_s=48.0),
    ]
    engines = [
        engine("gemma3", "vllm", "loading", runtime="vllm-0.14.1", percent=62.0, eta_s=31.0)
        | {"since": now() - 52_000_000, "phase": "loading weights 11/14", "devices": ["GPU-0"]},
        engine("mistral", "vllm", "loading", runtime="vllm-0.14.1", percent=17.0, port=8001)
        | {"since": now() - 41_000_000, "pid": 4720, "devices": ["GPU-1"], "late": True},
    ]
    changes = [
        switch("gemma3", switch_id="s1", since=now() - 52_000_000),
        switch("mistral", switch_id="s2", kind="load", actor="api", since=now() - 41_000_000),
    ]
    picture = status(views, state="switching", engines=engines, switch=changes[0])
    why = "gemma3 has been here for less than 30 s; it may go in 21 s"
    picture |= {
        "switches": changes,
        "waiting": [waits("qwen3-32b", 2, why), waits("gemma3", 1, "")],
    }
    held = [
        asked("req-b1", "waiting", GEMMA, ago_s=12),
        asked("req-b2", "waiting", QWEN, actor="key:ab12cd", ago_s=9),
        asked("req-b3", "waiting", QWEN, ago_s=3),
    ]
    return scene(picture, IDLE_GPUS, [GEMMA, MISTRAL, QWEN], requests=held)


def asleep() -> Json:
    """The resident model sleeps; another has slept, too, more deeply."""
    views = [
        view_of(QWEN, "asleep", last_load_s=48.0, requests_today=1204, engine_id="qwen3-32b-1"),
        view_of(GEMMA, "asleep", last_load_s=83.0, engine_id="gemma3-1"),
        view_of(MISTRAL, last_load_s=22.0),
    ]
    engines = [
        engine("qwen3-32b", "vllm", "asleep", runtime="vllm-0.14.1", sleep_level=1)
        | {"since": now() - 840_000_000},
        engine("gemma3", "vllm", "asleep", runtime="vllm-0.14.1", sleep_level=2, port=8001),
    ]
    return scene(status(views, engines=engines), IDLE_GPUS, [QWEN, GEMMA, MISTRAL])


def blocked() -> Json:
    """One failed too often and is left alone for a while; another until it is changed."""
    views = [
        view_of(R1, "failed", error=OOM, next_action=OOM_NEXT)
        | {"blocked": True, "blocked_until": now() + 480_000_000},
        view_of(GEMMA, "failed", error="--kv-cash-dtype is no flag of this vLLM")
        | {"blocked": True, "next_action": "take --kv-cash-dtype out of the extra arguments"},
        view_of(QWEN, last_load_s=48.0),
    ]
    return scene(status(views, state="failed"), IDLE_GPUS, [R1, GEMMA, QWEN])


def changed() -> Json:
    """What runs is what its recipe was before it was saved again."""
    whole = busy()
    view = whole["status"]["recipes"][0]
    view["changed"] = True
    return whole


def left_alone() -> Json:
    """An engine of an earlier run that its recipe no longer launches: it runs and is not used."""
    views = [
        view_of(QWEN, "left-alone", last_load_s=48.0, engine_id="qwen3-32b-1"),
        view_of(MISTRAL, last_load_s=22.0),
    ]
    why = "it was started with other settings than its recipe has now"
    one = engine("qwen3-32b", "vllm", "left-alone", runtime="vllm-0.14.1", error=why)
    one |= {"since": now() - 5_400_000_000, "next_action": "evict it, or switch to it anew"}
    return scene(status(views, engines=[one]), GPUS, [QWEN, MISTRAL])


def alarm() -> Json:
    """The disk is full: models answer, and nothing can be recorded."""
    whole = busy()
    words = "The disk is full: nothing can be recorded until there is room. Free some space."
    whole["status"]["alarm"] = words
    return whole


def will_not_fit() -> Json:
    """A recipe too large for this machine, with what would fit."""
    views = [view_of(LARGE), view_of(QWEN, last_load_s=48.0), view_of(MISTRAL, last_load_s=22.0)]
    return scene(status(views), IDLE_GPUS, [LARGE, QWEN, MISTRAL])


SCENES: dict[str, Callable[[], Json]] = {
    "busy": busy,
    "loading": loading,
    "draining": draining,
    "failed": failed,
    "cpu": cpu,
    "empty": empty,
    "two-changes": two_changes,
    "asleep": asleep,
    "blocked": blocked,
    "changed": changed,
    "left-alone": left_alone,
    "will-not-fit": will_not_fit,
    "alarm": alarm,
}
