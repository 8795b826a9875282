"""What each field of a recipe means: for the editor, `recipes show`, and the range checks.

The table below is the only place where a field is explained; a test holds it against the struct.
"""

from typing import Any, Literal, get_args

import msgspec

from core.recipes.recipe import EngineKind, Recipe

Group = Literal[
    "Who it is",
    "What runs",
    "How it is called",
    "Parallelism and devices",
    "Memory and precision",
    "Scheduling",
    "Behaviour",
    "Environment and escape hatch",
    "Lifecycle",
    "Cost",
]

ALL: tuple[EngineKind, ...] = get_args(EngineKind)
SERVERS: tuple[EngineKind, ...] = ("vllm", "sglang", "transformers")
GPU: tuple[EngineKind, ...] = ("vllm", "sglang")
VLLM: tuple[EngineKind, ...] = ("vllm",)
COMMAND: tuple[EngineKind, ...] = ("command",)
SLEEPERS: tuple[EngineKind, ...] = ("vllm", "sglang", "command")


class FieldInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A field's description. Numbers lie between `minimum` and `maximum`, both allowed."""

    name: str
    group: Group
    label: str
    help: str
    default: Any
    unit: str = ""
    engines: tuple[EngineKind, ...] = ALL  # where it has an effect
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None  # like `minimum`, but itself not allowed
    also: tuple[str, ...] = ()  # what engines and other programs call it
    suggestions: tuple[str, ...] = ()  # common values; others are allowed


_DEFAULTS = {field.name: field for field in msgspec.structs.fields(Recipe)}


def _default(name: str) -> object:
    field = _DEFAULTS[name]
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return None if field.default is msgspec.NODEFAULT else field.default


def _group(group: Group, *rows: dict[str, Any]) -> list[FieldInfo]:
    return [FieldInfo(group=group, default=_default(row["name"]), **row) for row in rows]


def _f(
    name: str,
    label: str,
    help: str,
    **more: Any,  # noqa: ANN401 - passed on to FieldInfo, which is typed
) -> dict[str, Any]:
    return {"name": name, "label": label, "help": help, **more}


_WHO = _group(
    "Who it is",
    _f("id", "Id", "The short name on the command line; it never changes."),
    _f("name", "Name", "The name that people see; the id when empty.", also=("title",)),
    _f("notes", "Notes", "Anything worth remembering about this recipe.", also=("description",)),
)

_WHAT = _group(
    "What runs",
    _f(
        "engine", "Engine", "The inference server that runs it.", suggestions=ALL, also=("backend",)
    ),
    _f(
        "runtime",
        "Runtime",
        "The installed engine version to use; the newest one when empty.",
        engines=SERVERS,
    ),
    _f(
        "model",
        "Model",
        "A folder with weights, or a hub id such as Qwen/Qwen3-8B.",
        also=("model_path", "model_id", "hf_model"),
    ),
    _f("revision", "Hub revision", "A branch, tag or commit on the hub.", engines=GPU),
    _f(
        "tokenizer",
        "Tokenizer",
        "A tokenizer other than the model's own.",
        engines=GPU,
        also=("tokenizer_path",),
    ),
    _f(
        "command",
        "Command",
        "The program and its arguments; {port}, {model} and {key} are filled in.",
        engines=COMMAND,
        also=("cmd", "argv"),
    ),
    _f(
        "health_path",
        "Health path",
        "The path that answers 200 once the server is ready.",
        engines=COMMAND,
        also=("checkEndpoint", "health_endpoint"),
    ),
)

_CALLED = _group(
    "How it is called",
    _f(
        "served_name",
        "Served name",
        "The model name that clients ask for; the id when empty.",
        also=("served_model_name",),
    ),
    _f("aliases", "Aliases", "Further names that clients may use.", also=("alias",)),
    _f(
        "unlisted",
        "Unlisted",
        "It is served when named, but does not stand in the list of models.",
        also=("hidden",),
    ),
    _f(
        "use_model_name",
        "Model name upstream",
        "What the engine is sent as model, when it knows the model by another name.",
        also=("useModelName",),
    ),
    _f(
        "strip_params",
        "Strip parameters",
        "Fields that are taken out of requests before the engine sees them.",
        also=("stripParams",),
    ),
    _f(
        "set_params",
        "Set parameters",
        "Fields that requests get, whatever the caller sent, such as top_k = 20.",
        also=("setParams",),
    ),
)

_PARALLEL = _group(
    "Parallelism and devices",
    _f(
        "tensor_parallel",
        "Tensor parallel",
        "Over how many GPUs each layer is split.",
        unit="GPUs",
        minimum=1,
        engines=GPU,
        also=("tensor_parallel_size", "tp", "tp_size"),
    ),
    _f(
        "pipeline_parallel",
        "Pipeline parallel",
        "Over how many GPUs the layers are spread one after the other.",
        unit="stages",
        minimum=1,
        engines=GPU,
        also=("pipeline_parallel_size", "pp", "pp_size"),
    ),
    _f(
        "data_parallel",
        "Data parallel",
        "How many copies of the model share the requests.",
        unit="copies",
        minimum=1,
        engines=GPU,
        also=("data_parallel_size", "dp", "dp_size"),
    ),
    _f(
        "expert_parallel",
        "Expert parallel",
        "Spread the experts of a mixture over the GPUs instead of splitting each.",
        engines=GPU,
        also=("enable_expert_parallel", "ep_size"),
    ),
    _f(
        "devices",
        "GPUs",
        "The GPUs it runs on, by index or UUID; chosen for it when empty.",
        minimum=0,
        also=("gpus", "cuda_visible_devices", "gpu_ids"),
    ),
    _f(
        "nodes",
        "Machines",
        "Over how many machines it is spread, this one included.",
        unit="machines",
        minimum=1,
        maximum=1024,
        engines=GPU,
        also=("nnodes", "num_nodes"),
    ),
    _f(
        "node_backend",
        "Spread by",
        "What carries it to the other machines: a Ray cluster, or the engine itself.",
        engines=VLLM,
        suggestions=("ray", "engine"),
        also=("distributed_executor_backend",),
    ),
    _f(
        "node_address",
        "Meeting point",
        "The Ray cluster's address; without Ray, this machine's address and a free port.",
        engines=GPU,
        also=("dist_init_addr", "master_addr", "ray_address"),
    ),
)

_MEMORY = _group(
    "Memory and precision",
    _f(
        "context_length",
        "Context length",
        "The longest prompt and answer together; the model's own limit when empty.",
        unit="tokens",
        minimum=1,
        engines=GPU,
        also=("max_model_len", "ctx", "n_ctx", "ctx_size", "max_context", "num_ctx"),
    ),
    _f(
        "memory_fraction",
        "Memory fraction",
        "The share of each GPU's memory that the engine takes.",
        above=0,
        maximum=1,
        engines=GPU,
        also=("gpu_memory_utilization", "mem_fraction_static"),
    ),
    _f(
        "kv_cache_dtype",
        "KV cache type",
        "The number format of the KV cache; fp8 halves its size.",
        engines=GPU,
        suggestions=("auto", "fp8", "fp8_e4m3", "fp8_e5m2"),
    ),
    _f(
        "kv_cache_gib",
        "KV cache",
        "Room for the KV cache when vLLM runs on the CPU.",
        unit="GiB",
        above=0,
        engines=VLLM,
        also=("vllm_cpu_kvcache_space",),
    ),
    _f(
        "quantization",
        "Quantisation",
        "How the weights are compressed; read from the model when empty.",
        engines=SERVERS,
        suggestions=("awq", "gptq", "fp8", "bitsandbytes", "gguf", "compressed-tensors"),
        also=("quantisation", "quant"),
    ),
    _f(
        "dtype",
        "Number format",
        "The number format of weights and sums; the model's own when empty.",
        engines=SERVERS,
        suggestions=("auto", "bfloat16", "float16", "float32"),
    ),
    _f(
        "cpu_offload_gib",
        "Offload to memory",
        "How much of the weights stays in main memory, per GPU.",
        unit="GiB",
        minimum=0,
        engines=GPU,
        also=("cpu_offload_gb",),
    ),
    _f(
        "swap_space_gib",
        "Swap space",
        "Main memory for requests that are put aside, per GPU.",
        unit="GiB",
        minimum=0,
        engines=GPU,
        also=("swap_space",),
    ),
    _f(
        "enforce_eager",
        "Eager mode",
        "Start faster and use less memory without CUDA graphs; answers come slower.",
        engines=GPU,
        also=("disable_cuda_graph",),
    ),
)

_SCHEDULING = _group(
    "Scheduling",
    _f(
        "max_sequences",
        "Sequences at once",
        "How many requests the engine works on at the same time.",
        minimum=1,
        engines=GPU,
        also=("max_num_seqs", "max_running_requests", "parallel"),
    ),
    _f(
        "max_batched_tokens",
        "Tokens per step",
        "How many tokens the engine works on in one step.",
        unit="tokens",
        minimum=1,
        engines=GPU,
        also=("max_num_batched_tokens", "chunked_prefill_size"),
    ),
    _f(
        "chunked_prefill",
        "Chunked prefill",
        "Read long prompts in pieces, between the answers of others.",
        engines=GPU,
        also=("enable_chunked_prefill",),
    ),
    _f(
        "prefix_caching",
        "Prefix caching",
        "Keep what prompts have in common, so that it is read only once.",
        engines=GPU,
        also=("enable_prefix_caching", "disable_radix_cache"),
    ),
)

_BEHAVIOUR = _group(
    "Behaviour",
    _f(
        "tool_call_parser",
        "Tool call parser",
        "How tool calls are found in the model's output.",
        engines=GPU,
        suggestions=("hermes", "llama3_json", "mistral", "qwen3_coder", "deepseek_v3"),
        also=("tool_parser",),
    ),
    _f(
        "reasoning_parser",
        "Reasoning parser",
        "How the model's thinking is told from its answer.",
        engines=GPU,
        suggestions=("qwen3", "deepseek_r1", "granite", "mistral"),
    ),
    _f(
        "chat_template",
        "Chat template",
        "A file with a Jinja template to use instead of the model's own.",
        engines=GPU,
    ),
    _f(
        "generation_config",
        "Generation defaults",
        "A folder with sampling defaults, or vllm for the engine's own.",
        engines=VLLM,
    ),
    _f(
        "seed",
        "Seed",
        "Makes random choices repeatable.",
        minimum=0,
        maximum=2**32 - 1,
        engines=SERVERS,
        also=("random_seed",),
    ),
    _f(
        "trust_remote_code",
        "Trust remote code",
        "Run Python code that comes with the model: only for models you would install.",
        engines=SERVERS,
    ),
    _f(
        "loras",
        "LoRA adapters",
        "Adapters that are served beside the model, each under a name of its own.",
        engines=GPU,
        also=("lora_modules", "lora_paths", "lora"),
    ),
    _f(
        "speculative",
        "Speculative decoding",
        "A small model proposes tokens and this one verifies them.",
        engines=GPU,
        also=("speculative_config", "speculative_algorithm"),
    ),
    _f(
        "load_format",
        "Load format",
        "How the weights are read from disk.",
        engines=GPU,
        suggestions=("auto", "safetensors", "runai_streamer", "dummy"),
    ),
)

_ESCAPE = _group(
    "Environment and escape hatch",
    _f("env", "Environment", "Variables for the engine; secret values are kept apart."),
    _f(
        "extra_args",
        "Extra arguments",
        "Flags of the engine that have no field here, given to it as they are.",
        also=("args", "extra_flags"),
    ),
)

_LIFECYCLE = _group(
    "Lifecycle",
    _f(
        "ttl_s",
        "Unload when idle",
        "Unload after so long without a request; never when 0 or empty.",
        unit="s",
        minimum=0,
        also=("ttl", "idle_timeout", "keep_alive"),
    ),
    _f("pinned", "Pinned", "No other model may push it out of memory.", also=("persistent",)),
    _f(
        "priority",
        "Priority",
        "Requests that wait for it come before those with a lower number.",
        minimum=-1000,
        maximum=1000,
    ),
    _f("preload", "Preload", "Load it when the app starts.", also=("autostart",)),
    _f(
        "sleep",
        "Sleep",
        "How it makes room for others: 1 keeps the weights in main memory, 2 gives them up.",
        engines=SLEEPERS,
        suggestions=("off", "auto", "1", "2"),
        also=("sleep_mode", "sleep_level"),
    ),
    _f(
        "sleeper_ttl_s",
        "Stop a sleeper after",
        "How long an engine that nobody wakes may sleep before it is stopped; 0: for ever.",
        unit="s",
        minimum=0,
        engines=SLEEPERS,
        also=("sleep_ttl",),
    ),
    _f(
        "load_timeout_s",
        "Load limit",
        "Give up a start that takes longer.",
        unit="s",
        above=0,
        maximum=86400,
        also=("healthCheckTimeout", "startup_timeout"),
    ),
    _f(
        "stop_grace_s",
        "Grace when stopping",
        "How long the engine may take to stop before it is made to.",
        unit="s",
        minimum=0,
        maximum=3600,
    ),
    _f(
        "concurrency",
        "Requests at once",
        "More requests than this are refused at once; no limit when empty.",
        minimum=1,
        also=("concurrencyLimit", "max_concurrent_requests"),
    ),
)

_COST = _group(
    "Cost",
    _f("price", "Price", "What a million tokens cost, in your currency.", also=("cost",)),
)

FIELDS: tuple[FieldInfo, ...] = (
    *_WHO,
    *_WHAT,
    *_CALLED,
    *_PARALLEL,
    *_MEMORY,
    *_SCHEDULING,
    *_BEHAVIOUR,
    *_ESCAPE,
    *_LIFECYCLE,
    *_COST,
)
FIELD: dict[str, FieldInfo] = {field.name: field for field in FIELDS}
ALSO: dict[str, str] = {other: field.name for field in FIELDS for other in field.also}
