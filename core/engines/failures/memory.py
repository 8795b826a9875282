"""What did not fit."""

from core.engines.failures.known import row

SMALLER = "Lower context_length or max_sequences, use quantization, or evict another model first."

MEMORY = (
    row(
        "context-too-long",
        r"estimated maximum model length is (?P<most>\d[\d,]*)",
        "the memory left holds a context of {most} tokens, less than the recipe asks for",
        "Set context_length to {most} or less, or raise memory_fraction.",
        remedy={"context_length": "{most}"},
        may_pass=True,
    ),
    row(
        "context-too-long",
        r"max seq len \((?P<asked>\d+)\) is larger than the maximum number of tokens that can be "
        r"stored in KV cache \((?P<most>\d+)\)",
        "the memory left holds {most} tokens, and the context is {asked}",
        "Set context_length to {most} or less, or raise memory_fraction.",
        remedy={"context_length": "{most}"},
        may_pass=True,
    ),
    row(
        "context-beyond-model",
        r"max_model_len \((?P<asked>\d+)\) is greater than the derived max_model_len "
        r"\([a-z_]+=(?P<most>\d+)"
        r"|context_length \((?P<asked2>\d+)\) is greater than the derived context_length "
        r"\((?P<most2>\d+)\)",
        "the model's context ends at {most}{most2} tokens, and the recipe asks for {asked}{asked2}",
        "Set context_length to {most}{most2} or less.",
        remedy={"context_length": "{most}{most2}"},
    ),
    row(
        "gpu-memory-busy",
        r"Free memory on device \S* ?\((?P<free>[\d.]+)/(?P<all>[\d.]+) GiB\) on startup is less",
        "only {free} of {all} GiB of GPU memory are free",
        "Evict another model, close other GPU programs, or lower memory_fraction.",
        may_pass=True,
    ),
    row(
        "gpu-memory-busy",
        r"The memory capacity is unbalanced\. Some GPUs may be occupied",
        "one of its GPUs has far less free memory than the others",
        "Evict another model, close other GPU programs, or choose other devices.",
        may_pass=True,
    ),
    row(
        "no-room-for-kv-cache",
        r"on kv cache allocation is less than requested memory for kv \(-",
        "the model alone takes more memory than memory_fraction allows",
        "Raise memory_fraction, set kv_cache_gib, or choose a smaller model.",
    ),
    row(
        "memory-busy",
        r"Available memory on node \d+ \((?P<free>[\d.]+)/(?P<all>[\d.]+) GiB\) on "
        r"(?:startup|kv cache allocation) is less than",
        "only {free} of {all} GiB of memory are free",
        "Evict another model, close other programs, or lower kv_cache_gib or memory_fraction.",
        may_pass=True,
    ),
    row(
        "no-room-for-kv-cache",
        r"\((?P<need>[\d.]+) GiB KV cache is needed, which is larger than the available KV cache "
        r"memory \((?P<have>[\d.]+) GiB\)",
        "the KV cache needs {need} GiB and the weights leave {have} GiB",
        "Raise memory_fraction, lower context_length, or use a quantized model.",
        may_pass=True,
    ),
    row(
        "no-room-for-kv-cache",
        r"No available memory for the cache blocks|Not enough memory.+mem-fraction-static"
        r"|Not enough GPU memory for hybrid state cache",
        "the weights leave no GPU memory for the KV cache",
        "Raise memory_fraction, lower context_length, or use a quantized model.",
        may_pass=True,
    ),
    row(
        "gpu-out-of-memory-warmup",
        r"CUDA out of memory occurred when warming up (?:sampler|pooler).{0,60}?with "
        r"(?P<many>\d+) dummy requests",
        "the GPU ran out of memory when {many} requests at once were tried",
        "Lower max_sequences (to {many_half}, say) or memory_fraction.",
        remedy={"max_sequences": "{many_half}"},
        may_pass=True,
    ),
    row(
        "gpu-out-of-memory",
        r"CUDA out of memory\.(?: Tried to allocate (?P<size>[\d.]+ [KMG]iB))?"
        r"|torch\.(?:cuda\.)?OutOfMemoryError|CUDA error: out of memory|CUBLAS_STATUS_ALLOC_FAILED"
        r"|cudaMalloc failed: out of memory|unable to allocate CUDA\d+ buffer",
        "the GPU ran out of memory",
        SMALLER,
        may_pass=True,
    ),
    row(
        "out-of-memory",
        r"DefaultCPUAllocator: (?:can't|not enough)|^MemoryError|Cannot allocate memory"
        r"|Not enough host memory available|unable to allocate CPU buffer",
        "the machine ran out of memory",
        SMALLER,
        may_pass=True,
    ),
)
