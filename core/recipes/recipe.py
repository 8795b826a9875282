"""The recipe: one saved launch configuration, the same for every engine where engines agree."""

from typing import Any, Literal

import msgspec

EngineKind = Literal["vllm", "sglang", "transformers", "command"]
LaneName = Literal["gateway", "direct"]
NodeBackend = Literal["ray", "engine"]
Sleep = Literal["off", "auto", "1", "2"]


class Lora(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A LoRA adapter served beside the base model, under a name of its own."""

    name: str
    path: str


class Speculative(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Speculative decoding: a draft model (or n-gram lookup) proposes, the model verifies."""

    method: str  # "ngram", "eagle", "eagle3", "draft_model", "mtp", …
    model: str | None = None
    tokens: int = 5  # proposed per step


class Price(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What a million tokens cost, in the user's currency."""

    input_per_million: float = 0.0
    output_per_million: float = 0.0
    cached_input_per_million: float | None = None  # prompt tokens that were computed before


class Recipe(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A saved launch configuration.

    None means "the engine's own default": only what is set becomes a flag, and `False` never does.
    """

    # who it is
    id: str  # lower case letters, digits, '-', '.', '_'; the name on the command line
    name: str = ""  # for people; the id when empty
    notes: str = ""

    # what runs
    engine: EngineKind = "vllm"
    runtime: str | None = None  # a runtime's id; None picks the newest installed of this engine
    model: str = ""  # a folder, or a hub id such as "Qwen/Qwen3-8B"; empty only for `command`
    revision: str | None = None  # hub revision
    tokenizer: str | None = None
    command: tuple[str, ...] = ()  # engine="command" only; {port} and {model} are filled in
    health_path: str = "/health"  # engine="command" only

    # how it is called
    served_name: str | None = None  # None: the recipe's id
    aliases: tuple[str, ...] = ()
    unlisted: bool = False  # served, but absent from /v1/models
    use_model_name: str | None = None  # what the engine is sent as `model`; None: what it serves
    strip_params: tuple[str, ...] = ()  # fields taken out of requests
    set_params: dict[str, Any] = {}  # fields put into requests, whatever the caller sent
    presets: dict[str, dict[str, Any]] = {}  # a further name → fields put into requests by it
    lane: LaneName | None = None  # through LiteLLM, or straight to the engine; None: as set for all
    fallbacks: tuple[str, ...] = ()  # names asked in turn when this model fails

    # answers that need no engine; see core/gateway/cache
    cache: bool = False  # the same request again gets the answer that was given before
    cache_ttl_s: float = 3600.0
    cache_shared: bool = False  # between keys; otherwise each key has answers of its own
    single_flight: bool = False  # the same deterministic requests at once are asked once

    # parallelism and devices
    tensor_parallel: int | None = None
    pipeline_parallel: int | None = None
    data_parallel: int | None = None
    expert_parallel: bool = False
    devices: tuple[int | str, ...] = ()  # GPU indexes or NVML UUIDs; empty: chosen for it
    nodes: int | None = None  # machines it is spread over, this one included
    node_backend: NodeBackend | None = None  # vLLM: "ray" (when None), or its own --nnodes
    node_address: str | None = None  # of the Ray cluster, or host:port of this machine's

    # memory and precision
    context_length: int | None = None  # tokens
    memory_fraction: float | None = None  # of each GPU, 0 to 1
    kv_cache_dtype: str | None = None
    kv_cache_gib: float | None = None  # CPU: room for the KV cache
    quantization: str | None = None
    dtype: str | None = None
    cpu_offload_gib: float | None = None
    swap_space_gib: float | None = None
    enforce_eager: bool = False

    # scheduling
    max_sequences: int | None = None
    max_batched_tokens: int | None = None
    chunked_prefill: bool | None = None
    prefix_caching: bool | None = None

    # behaviour
    tool_call_parser: str | None = None
    reasoning_parser: str | None = None
    chat_template: str | None = None  # a path
    generation_config: str | None = None
    seed: int | None = None
    trust_remote_code: bool = False
    loras: tuple[Lora, ...] = ()
    speculative: Speculative | None = None
    load_format: str | None = None

    # environment and escape hatch
    env: dict[str, str] = {}  # secret values stand as "@secret:NAME"
    extra_args: tuple[str, ...] = ()  # appended as they are

    # lifecycle
    ttl_s: float | None = None  # unload after so many idle seconds; None or 0: never
    pinned: bool = False  # never evicted by another model
    priority: int = 0  # of requests that wait for it; higher goes first
    preload: bool = False
    sleep: Sleep = "off"  # instead of being stopped for another model; see core/engines/sleep.py
    sleeper_ttl_s: float = 3600.0  # a sleeping engine is stopped after so long; 0: never
    load_timeout_s: float = 900.0
    stop_grace_s: float = 10.0
    concurrency: int | None = None  # requests at once; None: no limit of ours

    price: Price | None = None

    @property
    def title(self) -> str:
        """The name people see."""
        return self.name or self.id

    @property
    def public_name(self) -> str:
        """The model name clients ask for."""
        return self.served_name or self.id

    @property
    def names(self) -> tuple[str, ...]:
        """Every name a request may use for this recipe, the public one first, without repeats."""
        ours = (self.public_name, self.id, *self.aliases)
        return tuple(dict.fromkeys((*ours, *self.presets, *self.adapters)))

    @property
    def spread_by(self) -> NodeBackend | None:
        """What carries it to other machines; None when it runs on this one alone."""
        if self.engine not in ("vllm", "sglang") or (self.nodes or 1) < 2:
            return None
        return "engine" if self.engine == "sglang" else self.node_backend or "ray"

    @property
    def adapters(self) -> tuple[str, ...]:
        """The names of its LoRA adapters, each served as a model of its own."""
        return tuple(lora.name for lora in self.loras)

    def upstream_name(self, name: str) -> str:
        """What a request that names `name` is answered by: an adapter, or the model itself."""
        return name if name in self.adapters else self.public_name
