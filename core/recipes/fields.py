"""What each field of a recipe means: for the editor, `recipes show`, and the range checks.

The table below is the only place where a field is explained; a test holds it against the struct.
"""

from core.recipes.field import (
    ALL,
    COMMAND,
    GPU,
    SERVERS,
    SLEEPERS,
    VLLM,
    FieldInfo,
    group,
    parts,
    row,
)
from core.recipes.fields_called import CALLED
from core.recipes.recipe import Lora, Price, Speculative

__all__ = ["ALSO", "FIELD", "FIELDS", "FieldInfo"]

_WHO = group(
    "who",
    row("id", "Id", "The short name on the command line; it never changes."),
    row("name", "Name", "The name that people see; the id when empty.", also=("title",)),
    row(
        "notes",
        "Notes",
        "Anything worth remembering about this recipe.",
        kind="prose",
        also=("description",),
    ),
)

_WHAT = group(
    "what",
    row(
        "engine", "Engine", "The inference server that runs it.", suggestions=ALL, also=("backend",)
    ),
    row(
        "runtime",
        "Runtime",
        "The installed engine version to use; the newest one when empty.",
        engines=SERVERS,
    ),
    row(
        "model",
        "Model",
        "A folder with weights, or a hub id such as Qwen/Qwen3-8B.",
        also=("model_path", "model_id", "hf_model"),
    ),
    row("revision", "Hub revision", "A branch, tag or commit on the hub.", engines=GPU),
    row(
        "tokenizer",
        "Tokenizer",
        "A tokenizer other than the model's own.",
        engines=GPU,
        also=("tokenizer_path",),
    ),
    row(
        "command",
        "Command",
        "The program and its arguments; {port}, {model} and {key} are filled in.",
        kind="lines",
        engines=COMMAND,
        also=("cmd", "argv"),
    ),
    row(
        "health_path",
        "Health path",
        "The path that answers 200 once the server is ready.",
        engines=COMMAND,
        also=("checkEndpoint", "health_endpoint"),
    ),
)

_PARALLEL = group(
    "devices",
    row(
        "tensor_parallel",
        "Tensor parallel",
        "Over how many GPUs each layer is split.",
        unit="GPUs",
        minimum=1,
        engines=GPU,
        also=("tensor_parallel_size", "tp", "tp_size"),
    ),
    row(
        "pipeline_parallel",
        "Pipeline parallel",
        "Over how many GPUs the layers are spread one after the other.",
        unit="stages",
        minimum=1,
        engines=GPU,
        also=("pipeline_parallel_size", "pp", "pp_size"),
    ),
    row(
        "data_parallel",
        "Data parallel",
        "How many copies of the model share the requests.",
        unit="copies",
        minimum=1,
        engines=GPU,
        also=("data_parallel_size", "dp", "dp_size"),
    ),
    row(
        "expert_parallel",
        "Expert parallel",
        "Spread the experts of a mixture over the GPUs instead of splitting each.",
        engines=GPU,
        also=("enable_expert_parallel", "ep_size"),
    ),
    row(
        "devices",
        "GPUs",
        "The GPUs it runs on, by index or UUID; chosen for it when empty.",
        minimum=0,
        also=("gpus", "cuda_visible_devices", "gpu_ids"),
    ),
    row(
        "nodes",
        "Machines",
        "Over how many machines it is spread, this one included.",
        unit="machines",
        minimum=1,
        maximum=1024,
        engines=GPU,
        also=("nnodes", "num_nodes"),
    ),
    row(
        "node_backend",
        "Spread by",
        "What carries it to the other machines: a Ray cluster, or the engine itself.",
        engines=VLLM,
        suggestions=("ray", "engine"),
        also=("distributed_executor_backend",),
    ),
    row(
        "node_address",
        "Meeting point",
        "The Ray cluster's address; without Ray, this machine's address and a free port.",
        engines=GPU,
        also=("dist_init_addr", "master_addr", "ray_address"),
    ),
)

_MEMORY = group(
    "memory",
    row(
        "context_length",
        "Context length",
        "The longest prompt and answer together; the model's own limit when empty.",
        unit="tokens",
        minimum=1,
        engines=GPU,
        also=("max_model_len", "ctx", "n_ctx", "ctx_size", "max_context", "num_ctx"),
    ),
    row(
        "memory_fraction",
        "Memory fraction",
        "The share of each GPU's memory that the engine takes.",
        above=0,
        maximum=1,
        engines=GPU,
        also=("gpu_memory_utilization", "mem_fraction_static"),
    ),
    row(
        "kv_cache_dtype",
        "KV cache type",
        "The number format of the KV cache; fp8 halves its size.",
        engines=GPU,
        suggestions=("auto", "fp8", "fp8_e4m3", "fp8_e5m2"),
    ),
    row(
        "kv_cache_gib",
        "KV cache",
        "Room for the KV cache, in place of what the memory fraction leaves.",
        unit="GiB",
        above=0,
        engines=VLLM,
        also=("vllm_cpu_kvcache_space",),
    ),
    row(
        "quantization",
        "Quantisation",
        "How the weights are compressed; read from the model when empty.",
        engines=SERVERS,
        suggestions_by_engine={  # as 0.32, 0.5.16 and 5.23 know them
            # while it loads, then as stored; "fp8" is refused for weights that are not stored so
            "vllm": (
                *("fp8_per_tensor", "fp8_per_block", "mxfp8", "int8_per_channel_weight_only"),
                *("fp8", "awq", "gptq", "compressed-tensors", "modelopt"),
            ),
            "sglang": ("fp8", "awq", "gptq", "compressed-tensors", "bitsandbytes", "gguf"),
            "transformers": ("bnb-4bit", "bnb-8bit"),
        },
        also=("quantisation", "quant"),
    ),
    row(
        "dtype",
        "Number format",
        "The number format of weights and sums; the model's own when empty.",
        engines=SERVERS,
        suggestions=("auto", "bfloat16", "float16", "float32"),
    ),
    row(
        "cpu_offload_gib",
        "Offload to memory",
        "How much of the weights stays in main memory, per GPU.",
        unit="GiB",
        minimum=0,
        engines=GPU,
        also=("cpu_offload_gb",),
    ),
    row(
        "swap_space_gib",
        "Swap space",
        "Main memory for requests that are put aside, per GPU.",
        unit="GiB",
        minimum=0,
        engines=GPU,
        also=("swap_space",),
    ),
    row(
        "enforce_eager",
        "No CUDA graphs",
        "Start faster and use less memory; answers come slower.",
        engines=GPU,
        also=("disable_cuda_graph",),
    ),
)

_SCHEDULING = group(
    "scheduling",
    row(
        "max_sequences",
        "Sequences at once",
        "How many requests the engine works on at the same time.",
        minimum=1,
        engines=GPU,
        also=("max_num_seqs", "max_running_requests", "parallel"),
    ),
    row(
        "max_batched_tokens",
        "Tokens per step",
        "How many tokens the engine works on in one step.",
        unit="tokens",
        minimum=1,
        engines=GPU,
        also=("max_num_batched_tokens", "chunked_prefill_size"),
    ),
    row(
        "chunked_prefill",
        "Chunked prefill",
        "Read long prompts in pieces, between the answers of others.",
        engines=GPU,
        also=("enable_chunked_prefill",),
    ),
    row(
        "prefix_caching",
        "Prefix caching",
        "Keep what prompts have in common, so that it is read only once.",
        engines=GPU,
        also=("enable_prefix_caching", "disable_radix_cache"),
    ),
)

_BEHAVIOUR = group(
    "behaviour",
    row(
        "tool_call_parser",
        "Tool call parser",
        "How tool calls are found in the model's output.",
        engines=GPU,
        suggestions=("hermes", "llama3_json", "mistral", "qwen3_coder", "deepseek_v3"),
        also=("tool_parser",),
    ),
    row(
        "reasoning_parser",
        "Reasoning parser",
        "How the model's thinking is told from its answer.",
        engines=GPU,
        suggestions=("qwen3", "deepseek_r1", "granite", "mistral"),
    ),
    row(
        "chat_template",
        "Chat template",
        "A file with a Jinja template to use instead of the model's own.",
        engines=GPU,
    ),
    row(
        "generation_config",
        "Generation defaults",
        "A folder with sampling defaults, or vllm for the engine's own.",
        engines=VLLM,
    ),
    row(
        "seed",
        "Seed",
        "Makes random choices repeatable.",
        minimum=0,
        maximum=2**32 - 1,
        engines=SERVERS,
        also=("random_seed",),
    ),
    row(
        "trust_remote_code",
        "Trust remote code",
        "Run Python code that comes with the model: only for models you would install.",
        engines=SERVERS,
    ),
    row(
        "loras",
        "LoRA adapters",
        "Adapters that are served beside the model, each under a name of its own.",
        engines=GPU,
        also=("lora_modules", "lora_paths", "lora"),
        parts=parts(Lora, name="Name", path="Folder or hub id"),
    ),
    row(
        "speculative",
        "Speculative decoding",
        "A small model proposes tokens and this one verifies them.",
        engines=GPU,
        also=("speculative_config", "speculative_algorithm"),
        parts=parts(
            Speculative, method="Method", model="Draft model", tokens="Tokens proposed per step"
        ),
    ),
    row(
        "load_format",
        "Load format",
        "How the weights are read from disk.",
        engines=GPU,
        suggestions=("auto", "safetensors", "runai_streamer", "dummy"),
    ),
)

_ESCAPE = group(
    "more",
    row("env", "Environment", "Variables for the engine; secret values are kept apart."),
    row(
        "extra_args",
        "Extra arguments",
        "Flags of the engine that have no field here, given to it as they are.",
        kind="lines",
        also=("args", "extra_flags"),
    ),
)

_LIFECYCLE = group(
    "life",
    row(
        "ttl_s",
        "Unload when idle",
        "Unload after so long without a request; never when 0 or empty.",
        unit="s",
        minimum=0,
        also=("ttl", "idle_timeout", "keep_alive"),
    ),
    row("pinned", "Pinned", "No other model may push it out of memory.", also=("persistent",)),
    row(
        "priority",
        "Priority",
        "Requests that wait for it come before those with a lower number.",
        minimum=-1000,
        maximum=1000,
    ),
    row("preload", "Preload", "Load it when the app starts.", also=("autostart",)),
    row(
        "sleep",
        "Sleep",
        "How it makes room for others: 1 keeps the weights in main memory, 2 gives them up.",
        engines=SLEEPERS,
        suggestions=("off", "auto", "1", "2"),
        also=("sleep_mode", "sleep_level"),
    ),
    row(
        "sleeper_ttl_s",
        "Stop a sleeper after",
        "How long an engine that nobody wakes may sleep before it is stopped; 0: for ever.",
        unit="s",
        minimum=0,
        engines=SLEEPERS,
        also=("sleep_ttl",),
    ),
    row(
        "load_timeout_s",
        "Load limit",
        "Give up a start that takes longer.",
        unit="s",
        above=0,
        maximum=86400,
        also=("healthCheckTimeout", "startup_timeout"),
    ),
    row(
        "stop_grace_s",
        "Grace when stopping",
        "How long the engine may take to stop before it is made to.",
        unit="s",
        minimum=0,
        maximum=3600,
    ),
    row(
        "concurrency",
        "Requests at once",
        "More requests than this are refused at once; no limit when empty.",
        minimum=1,
        also=("concurrencyLimit", "max_concurrent_requests"),
    ),
)

_COST = group(
    "cost",
    row(
        "price",
        "Price",
        "What a million tokens cost, in your currency.",
        also=("cost",),
        parts=parts(
            Price,
            input_per_million="Read",
            output_per_million="Written",
            cached_input_per_million="Read again from the cache",
        ),
    ),
)

FIELDS: tuple[FieldInfo, ...] = (
    *_WHO,
    *_WHAT,
    *CALLED,
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
