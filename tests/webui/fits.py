"""What the stand-in says of memory: simple arithmetic in the shape of the studio's own answer."""

from typing import Any

Json = dict[str, Any]

GIB = 1024**3
WEIGHTS = {"Qwen3-32B-AWQ": 18.1, "gemma-3-27b-it": 15.2, "Mistral-Small-3.2-24B": 13.4}
WEIGHTS |= {"DeepSeek-R1-Distill-Llama-70B": 37.2, "Llama-3.3-70B-FP8": 39.0, "demo": 0.003}
TOKEN_KIB = {"Llama-3.3-70B-FP8": 160.0}
USABLE = 0.92


def report(recipe: Json, machine: Json, *, saved: bool) -> Json:
    """Weights by name, a cache that fills the rest; too small for one request: it does not fit."""
    name = str(recipe.get("model", "")).split("/")[-1]
    told: Json = {"recipe_id": recipe.get("id", ""), "source": "unknown", "verdict": "unknown"}
    told |= {"sentence": "", "short_by": 0, "devices": [], "numbers": None, "remedies": []}
    if name not in WEIGHTS:
        return told | {"sentence": "Nobody can say: the model is not on this machine yet."}
    found = devices(recipe, machine, name)
    told |= {"source": "estimated", "devices": found}
    told["numbers"] = numbers(recipe, name)
    over = [d for d in found if d["needs"] > d["allowed"]]
    if not over:
        source = "measured" if saved else "estimated"
        return told | {"source": source, "verdict": "fits", "sentence": "It fits."}
    worst = over[0]
    needs, allowed = worst["needs"] / GIB, worst["allowed"] / GIB
    sentence = (
        f"It does not fit: of {worst['label']} it needs {needs:.1f} GiB, "
        f"and {allowed:.1f} GiB may be used (memory_fraction {USABLE})."
    )
    return told | {
        "verdict": "will-not-fit",
        "sentence": sentence,
        "short_by": worst["needs"] - worst["allowed"],
        "remedies": remedies(recipe, machine, name),
    }


def devices(recipe: Json, machine: Json, name: str) -> list[Json]:
    """One for each GPU that is used; main memory where there is none."""
    weights = WEIGHTS[name] * (0.55 if recipe.get("quantization") == "int4" else 1)
    ranks = recipe.get("tensor_parallel") or 1
    request = request_gib(recipe, name) / ranks
    if not machine["gpus"]:
        total = machine["memory"]["total"]
        parts = [("weights", weights, weights), ("overhead", 0.38, 0.25)]
        return [device("host", "main memory", "", total, 0, parts, total)]
    found = []
    for gpu in machine["gpus"][:ranks]:
        allowed = USABLE * gpu["memory_total"] / GIB
        least = weights / ranks
        cache = max(0.0, allowed - least - 1.4)
        parts = [("weights", least, least), ("kv_cache", cache, request)]
        parts += [("activations", 0.5, 0.2), ("graphs", 0.5, 0.0), ("overhead", 0.4, 0.3)]
        held = sum(p["memory"] for p in gpu["processes"] if p["name"] == "Xorg")
        label, short = f"GPU {gpu['index']}", gpu["name"].replace("NVIDIA GeForce ", "")
        total = gpu["memory_total"]
        found.append(device(gpu["uuid"], label, short, total, held, parts, int(allowed * GIB)))
    return found


def device(
    id_: str,
    label: str,
    name: str,
    total: int,
    held: int,
    parts: list[tuple[str, float, float]],
    allowed: int,
) -> Json:
    """One device; sizes of parts in GiB, as (kind, usually, at least)."""
    segments = [
        {"kind": kind, "bytes": int(usual * GIB), "least": int(least * GIB)}
        for kind, usual, least in parts
    ]
    return {
        "device": id_,
        "label": label,
        "name": name,
        "total": total,
        "held": held,
        "takes": sum(s["bytes"] for s in segments),
        "needs": sum(s["least"] for s in segments),
        "allowed": allowed,
        "segments": segments,
    }


def request_gib(recipe: Json, name: str) -> float:
    """The cache of one full-length request, over all GPUs."""
    half = 0.5 if recipe.get("kv_cache_dtype") == "fp8" else 1.0
    context = recipe.get("context_length") or 32768
    return float(half * context * TOKEN_KIB.get(name, 64.0) / 1024**2)


def numbers(recipe: Json, name: str) -> Json:
    """What it rests on."""
    return {
        "engine": recipe.get("engine", "vllm"),
        "context_length": recipe.get("context_length") or 32768,
        "sequences": 256,
        "batched_tokens": 2048,
        "memory_fraction": USABLE,
        "weights": int(WEIGHTS[name] * GIB),
        "kv_token": 64 * 1024,
        "kv_request": int(request_gib(recipe, name) * GIB),
        "kv_room": None,
        "gpus": recipe.get("tensor_parallel") or 1,
    }


def remedies(recipe: Json, machine: Json, name: str) -> list[Json]:
    """Patches after which it fits, each looked at again."""
    offers: list[tuple[Json, str]] = [
        ({"context_length": 24576}, "Lower context_length to 24576"),
        (
            {"context_length": 49152, "kv_cache_dtype": "fp8"},
            "Set kv_cache_dtype to fp8 and lower context_length to 49152",
        ),
        ({"quantization": "int4"}, "Set quantization to int4"),
        ({"cpu_offload_gib": 12.0}, "Set cpu_offload_gib to 12"),
    ]
    found = []
    for patch, words in offers:
        worst = max(devices(recipe | patch, machine, name), key=lambda d: int(d["needs"]))
        if worst["needs"] <= worst["allowed"]:
            needs, allowed = worst["needs"] / GIB, worst["allowed"] / GIB
            sentence = f"{words}: it then needs {needs:.1f} of {allowed:.1f} GiB."
            found.append({"patch": patch, "sentence": sentence})
            found[-1] |= {"needs": worst["needs"], "allowed": worst["allowed"]}
    return found
