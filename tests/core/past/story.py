"""An afternoon as the studio records it: a request of a key evicts a model for another one."""

from typing import Any

from events.envelope import Recorded
from events.facts import (
    AppStarted,
    EngineBecameReady,
    EngineCrashed,
    EngineFellAsleep,
    EngineSleepRequested,
    EngineStarted,
    EngineStopped,
    EngineStopRequested,
    GatewayConfigApplied,
    GatewayStarted,
    KeyIssued,
    KeyLimitsSet,
    ProviderSaved,
    RecipeCreated,
    RecipeRevised,
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
from tests.events.conftest import StillClock
from tests.events.stories import asked

REQUEST = "01a20847-03dc-7000-9da0-f69cf7a6aa60"
QWEN, LLAMA = "engine-q", "engine-l"
SECOND = 1_000_000


class Teller:
    """Appends facts a second apart, each caused by the one it is told."""

    def __init__(self, store: EventStore, clock: StillClock) -> None:
        self.store = store
        self.clock = clock

    def tell(
        self,
        stream: str,
        fact: Fact,
        *,
        actor: str = "system",
        wish: str | None = None,
        cause: Recorded | None = None,
    ) -> Recorded:
        """Append one."""
        self.clock.at += SECOND
        (recorded,) = self.store.append_now(
            stream,
            [fact],
            actor=actor,
            correlation_id=wish,
            causation_id=cause.id if cause else None,
        )
        return recorded


def morning(teller: Teller) -> None:
    """Recipes, a key, a setting, what is offered, and qwen is loaded by hand."""
    tell = teller.tell
    tell("app", AppStarted(version="1.0.0", pid=7))
    gateway = GatewayStarted(pid=8, process_group=8, process_started_at=1.0, port=4000, nonce="n")
    tell("gateway", gateway)
    tell("recipe-qwen", RecipeCreated(recipe_id="qwen", recipe=recipe("qwen")), actor="window")
    tell("recipe-llama", RecipeCreated(recipe_id="llama", recipe=recipe("llama")), actor="window")
    key: dict[str, Any] = {"key_id": "k1", "name": "laptop"}
    tell("key-k1", KeyIssued(**key, prefix="sk-studio-abc", digest="d" * 64), actor="cli")
    limits = KeyLimits(requests_per_minute=60)
    tell("key-k1", KeyLimitsSet(**key, limits=limits), actor="cli")
    tell("settings", SettingChanged(key="max_resident", value=1, previous=2), actor="window")
    saved = VirtualModelSaved(name="fast", members=("qwen", "llama"), policy="first-resident")
    tell("virtual-model-fast", saved, actor="window")
    remote = ProviderSaved(
        provider_id="remote", kind="openai", models=({"model": "big"},), key_kept_as="provider-x"
    )
    tell("provider-remote", remote, actor="window")
    switch = tell("switching", _switch("s1", "qwen", ()), actor="window", wish="w1")
    start(teller, QWEN, "qwen", wish="w1", cause=switch, actor="window")
    done = SwitchCompleted(switch_id="s1", kind="switch", target="qwen", seconds=3.0)
    tell("switching", done, actor="window", wish="w1", cause=switch)
    tell("gateway", GatewayConfigApplied(models=("qwen",)))


def eviction(teller: Teller) -> dict[str, Recorded]:
    """The request of key k1 asks for llama: qwen goes."""
    key: dict[str, Any] = {"actor": "key:k1", "wish": REQUEST}
    tell = teller.tell
    told = {}
    told["asked"] = tell("switching", _switch("s2", "llama", ("qwen",)), **key)
    told["drained"] = tell("switching", SwitchDrained(switch_id="s2"), **key, cause=told["asked"])
    who: dict[str, Any] = {"engine_id": QWEN, "recipe_id": "qwen"}
    stop = EngineStopRequested(**who, reason="it makes room for llama")
    told["stop"] = tell(f"engine-{QWEN}", stop, **key, cause=told["drained"])
    gone = EngineStopped(**who, exit_code=0, seconds=1.0)
    told["stopped"] = tell(f"engine-{QWEN}", gone, wish=REQUEST, cause=told["stop"])
    left = SwitchEvictionFinished(switch_id="s2", recipe_id="qwen")
    told["left"] = tell("switching", left, **key, cause=told["drained"])
    told["ready"] = start(teller, LLAMA, "llama", **key, cause=told["left"])
    done = SwitchCompleted(switch_id="s2", kind="switch", target="llama", seconds=3.0)
    told["done"] = tell("switching", done, **key, cause=told["left"])
    return told


def start(
    teller: Teller,
    engine_id: str,
    recipe_id: str,
    *,
    wish: str,
    cause: Recorded,
    actor: str = "system",
) -> Recorded:
    """From the request until it answers."""
    who: dict[str, Any] = {"engine_id": engine_id, "recipe_id": recipe_id}
    began = asked(engine_id, recipe_id)
    told = teller.tell(f"engine-{engine_id}", began, actor=actor, wish=wish, cause=cause)
    for fact in (
        EngineStarted(**who, pid=42, process_group=42, process_started_at=1.0),
        EngineBecameReady(**who, seconds=2.0),
    ):
        told = teller.tell(f"engine-{engine_id}", fact, wish=wish, cause=told)
    return told


def evening(teller: Teller) -> None:
    """A recipe, a setting and limits are changed; llama falls asleep, and crashes after all."""
    tell = teller.tell
    revised = RecipeRevised(recipe_id="qwen", recipe=recipe("qwen", length=9000), revision=2)
    tell("recipe-qwen", revised, actor="window")
    tell("settings", SettingChanged(key="max_resident", value=3, previous=1), actor="window")
    limits = KeyLimits(requests_per_minute=5)
    tell("key-k1", KeyLimitsSet(key_id="k1", name="laptop", limits=limits), actor="cli")
    who: dict[str, Any] = {"engine_id": LLAMA, "recipe_id": "llama"}
    evict = SwitchRequested(switch_id="s3", kind="evict", target="llama", evict=("llama",))
    idle = tell("switching", evict, wish="w3")
    sleep = EngineSleepRequested(**who, level=1, reason="it was idle for longer than its TTL")
    slept = tell(f"engine-{LLAMA}", sleep, wish="w3", cause=idle)
    fell = EngineFellAsleep(
        **who, level=1, seconds=1.0, device_bytes_freed=1, host_bytes_freed=0,
        device_bytes=0, host_bytes=1,
    )  # fmt: skip
    tell(f"engine-{LLAMA}", fell, wish="w3", cause=slept)
    crash = EngineCrashed(**who, reason="it was killed.", code="killed")
    tell(f"engine-{LLAMA}", crash, wish="w3", cause=slept)


def recipe(recipe_id: str, length: int = 8192) -> dict[str, Any]:
    """A saved one."""
    return {
        "id": recipe_id,
        "model": f"/models/{recipe_id}",
        "args": {"max_model_len": length},
        "aliases": [f"{recipe_id}-alias"],
    }


def _switch(switch_id: str, target: str, evict: tuple[str, ...]) -> SwitchRequested:
    return SwitchRequested(switch_id=switch_id, kind="switch", target=target, evict=evict)
