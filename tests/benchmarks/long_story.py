"""A studio's life as events, however long: what a machine with a few recipes records in years.

Of a hundred events 95 are of changes and of the engines they start and stop, 4 of recipes and
settings, the rest of keys and of what is offered: `main.db` holds no requests.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from events.facts import (
    EngineBecameReady,
    EngineCrashed,
    EngineMemoryMeasured,
    EngineProgressed,
    EngineStarted,
    EngineStartRequested,
    EngineStopped,
    EngineStopRequested,
    GatewayConfigApplied,
    KeyIssued,
    KeyLimitReached,
    KeyLimitsSet,
    KeyRevoked,
    ProviderSaved,
    RecipeCreated,
    RecipeRevised,
    RuntimeInstalled,
    RuntimeInstallRequested,
    SettingChanged,
    SwitchCompleted,
    SwitchDrained,
    SwitchEvictionFinished,
    SwitchRequested,
    VirtualModelSaved,
)
from events.facts.base import Fact
from events.facts.key import KeyLimits
from events.store import EventStore

RECIPES = 24
KEYS = 40
PHASES = ("starting", "loading weights", "compiling", "capturing graphs", "warming up")


class Told(NamedTuple):
    """Facts of one commit."""

    stream: str
    facts: list[Fact]
    actor: str = "system"
    correlation_id: str | None = None


def long_story() -> Iterator[Told]:
    """Tell on for ever."""
    yield from _beginning()
    number = 0
    while True:
        number += 1
        yield from _switch(number)
        if number % 3 == 0:
            yield from _editing(number)
        if number % 200 == 0:
            yield from _keys(number)
        if number % 40 == 0:
            yield from _offers(number)


def write(store: EventStore, count: int, per_commit: int = 200) -> None:
    """Append the first `count` events of the story; a commit holds several of its own."""
    written = 1  # the log's own creation
    for told in long_story():
        facts = told.facts[: count - written]
        store.append_now(told.stream, facts, actor=told.actor, correlation_id=told.correlation_id)
        written += len(facts)
        if written >= count:
            return


def recipe(number: int, revision: int = 1) -> dict[str, Any]:
    """A recipe as large as real ones."""
    return {
        "id": f"model-{number}",
        "model": f"/models/organisation/Some-Model-{number}-Instruct-AWQ",
        "aliases": [f"alias-{number}", f"other-{number}"],
        "kind": "vllm",
        "runtime": "vllm-0.12.0",
        "args": {"max_model_len": 8192 + revision, "gpu_memory_utilization": 0.9, "dtype": "auto"},
        "env": {"VLLM_LOGGING_LEVEL": "INFO", "HF_HUB_OFFLINE": "1"},
        "ttl_s": 900,
        "price": {"input_per_million": 0.1, "output_per_million": 0.4},
    }


def _beginning() -> Iterator[Told]:
    yield Told(
        "runtime-vllm-0.12.0",
        [
            RuntimeInstallRequested(runtime_id="vllm-0.12.0", kind="vllm", version="0.12.0"),
            RuntimeInstalled(
                runtime_id="vllm-0.12.0", kind="vllm", version="0.12.0", seconds=60, bytes_on_disk=9
            ),
        ],
        "cli",
    )
    for number in range(RECIPES):
        fact = RecipeCreated(recipe_id=f"model-{number}", recipe=recipe(number))
        yield Told(f"recipe-model-{number}", [fact], "window")


def _switch(number: int) -> Iterator[Told]:
    """A request asks for a model: the one before goes, the new one comes."""
    old, new = f"model-{(number - 1) % RECIPES}", f"model-{number % RECIPES}"
    switch, engine, gone = f"switch-{number}", f"engine-{number:012d}", f"engine-{number - 1:012d}"
    actor, request = f"key:key-{number % KEYS}", f"request-{number:012d}"
    who: dict[str, Any] = {"engine_id": engine, "recipe_id": new}
    before: dict[str, Any] = {"engine_id": gone, "recipe_id": old}
    yield Told(
        "switching",
        [
            SwitchRequested(switch_id=switch, kind="switch", target=new, evict=(old,)),
            SwitchDrained(switch_id=switch),
        ],
        actor,
        request,
    )
    if number > 1:
        end: list[Fact] = [
            EngineStopRequested(**before, reason=f"it makes room for {new}"),
            EngineStopped(**before, exit_code=0, seconds=1.5),
        ]
        if number % 50 == 0:
            end = [EngineCrashed(**before, reason="out of memory", code="oom", lines=("CUDA",))]
        yield Told(f"engine-{gone}", end, actor, request)
    yield Told(
        "switching", [SwitchEvictionFinished(switch_id=switch, recipe_id=old)], actor, request
    )
    yield Told(
        f"engine-{engine}",
        [
            EngineStartRequested(
                **who,
                revision=1,
                kind="vllm",
                runtime="vllm-0.12.0",
                model_name=new,
                port=8000 + number % 1000,
                argv=("vllm", "serve", f"/models/{new}", "--port", "8000", "--dtype", "auto"),
                nonce=f"{number:032x}",
                log_path=f"logs/{engine}.log",
                fingerprint=f"{number % RECIPES:032x}",
                devices=("GPU-0000",),
            ),
            EngineStarted(**who, pid=42, process_group=42, process_started_at=1.25),
            *(EngineProgressed(**who, phase=p, percent=50.0, overall=50.0) for p in PHASES),
            EngineBecameReady(**who, seconds=20.0),
            EngineMemoryMeasured(**who, revision=1, gpus={"GPU-0000": 10**10}, host=10**9),
        ],
        actor,
        request,
    )
    yield Told("gateway", [GatewayConfigApplied(models=(new,))])
    done = SwitchCompleted(switch_id=switch, kind="switch", target=new, seconds=21.0)
    yield Told("switching", [done], actor, request)


def _editing(number: int) -> Iterator[Told]:
    which, revision = number % RECIPES, number // 3 + 1
    revised = RecipeRevised(
        recipe_id=f"model-{which}", recipe=recipe(which, revision), revision=revision
    )
    yield Told(f"recipe-model-{which}", [revised], "window")
    fact = SettingChanged(key=f"setting_{number % 30}", value=number, previous=number - 30)
    yield Told("settings", [fact], "window")


def _keys(number: int) -> Iterator[Told]:
    key, name = f"key-{number // 200}", f"laptop {number // 200}"
    yield Told(
        f"key-{key}",
        [
            KeyIssued(key_id=key, name=name, prefix="sk-abcd", digest=f"{number:064x}"),
            KeyLimitsSet(key_id=key, name=name, limits=KeyLimits(requests_per_minute=60)),
            KeyLimitReached(key_id=key, name=name, limit="requests", allowed=60),
        ],
        "cli",
    )
    if number // 200 > KEYS:
        gone = f"key-{number // 200 - KEYS}"
        yield Told(f"key-{gone}", [KeyRevoked(key_id=gone, name=gone)], "cli")


def _offers(number: int) -> Iterator[Told]:
    which = number // 40 % 10
    models = (f"model-{number % RECIPES}", f"model-{(number + 1) % RECIPES}")
    yield Told(
        f"virtual-model-fast-{which}",
        [VirtualModelSaved(name=f"fast-{which}", members=models, policy="first-resident")],
        "window",
    )
    saved = ProviderSaved(provider_id=f"remote-{which}", kind="openai", models=())
    yield Told(f"provider-remote-{which}", [saved], "window")
