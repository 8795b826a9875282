"""What is printed around vLLM: Ray, compilers, and the other engines. See failure_texts.py."""

AROUND = [
    # Ray
    (
        "ray-too-small",
        "ray status",
        "ValueError: The number of required GPUs exceeds the total number of available GPUs in the "
        "placement group.",
    ),
    (
        "ray-too-small",
        "ray status",
        "ValueError: Cannot provide a placement group requiring 16 GPUs (placement_group_specs=[]) "
        "within 1800 seconds.",
    ),
    (
        "ray-unreachable",
        "ray start",
        "ConnectionError: Could not find any running Ray instance. Please specify the one to "
        "connect to by setting `--address` flag or `RAY_ADDRESS` environment variable.",
    ),
    (
        "ray-missing",
        "pip install ray",
        "ValueError: Failed to import Ray: No module named 'ray'.Please install Ray with `pip "
        "install ray`.",
    ),
    (
        "no-peers",
        "every node",
        "torch.distributed.DistStoreError: Timed out after 601 seconds waiting for clients. 1/2 "
        "clients joined.",
    ),
    (
        "shared-memory",
        "--shm-size",
        "ncclSystemError: Error while creating shared memory segment /dev/shm/nccl-zgQ5Xi (size "
        "9637888)",
    ),
    # compilers
    ("cuda-toolkit-missing", "CUDA_HOME", "RuntimeError: Could not find nvcc"),
    ("cuda-toolkit-missing", "CUDA_HOME", "/bin/sh: 1: /usr/local/cuda/bin/nvcc: not found"),
    (
        "cuda-toolkit-missing",
        "CUDA_HOME",
        "FileNotFoundError: [Errno 2] No such file or directory: 'nvcc'",
    ),
    (
        "cuda-toolkit-too-old",
        "compute_120a",
        "nvcc fatal   : Unsupported gpu architecture 'compute_120a'",
    ),
    (
        "compiler-missing",
        "build-essential",
        "RuntimeError: Failed to find C compiler. Please specify via CC environment variable.",
    ),
    (
        "python-headers-missing",
        "python3-dev",
        "/tmp/tmps1rkq3y3/main.c:5:10: fatal error: Python.h: No such file or directory",
    ),
    (
        "kernel-too-large",
        "114688 of shared memory",
        "triton.runtime.errors.OutOfResources: out of resource: shared memory, Required: 114688, "
        "Hardware limit: 101376. Reducing block sizes or `num_stages` may help.",
    ),
    (
        "kernel-compile-failed",
        "~/.cache/flashinfer",
        "RuntimeError: Ninja build failed. Ninja output:",
    ),
    (
        "driver-too-old",
        "driver",
        "RuntimeError: CUDA error: the provided PTX was compiled with an unsupported toolchain.",
    ),
    # SGLang
    (
        "context-beyond-model",
        "32768",
        "ValueError: Warning: User-specified context_length (65536) is greater than the derived "
        "context_length (32768). This may lead to incorrect model outputs or CUDA errors.",
    ),
    (
        "gpu-memory-busy",
        "other devices",
        "RuntimeError: The memory capacity is unbalanced. Some GPUs may be occupied by other "
        "processes. pre_model_load_memory=13.53, local_gpu_memory=23.09",
    ),
    (
        "graph-capture-failed",
        "enforce_eager",
        "Exception: Capture cuda graph failed: Cannot call CUDAGeneratorImpl::current_seed during "
        "CUDA graph capture",
    ),
    (
        "runtime-broken",
        "flashinfer_python",
        "Exception: flashinfer_python is installed with version 0.2.3, which is less than the "
        "minimum required version 0.2.5. Please uninstall the old version",
    ),
    (
        "runtime-broken",
        "common_ops",
        "[sgl_kernel] CRITICAL: Could not load any common_ops library!",
    ),
    (
        "engine-core-died",
        "own processes",
        "[2026-11-23 10:00:00] Received sigquit from a child process. It usually means the child "
        "failed.",
    ),
    # llama.cpp
    (
        "gpu-out-of-memory",
        "GPU ran out",
        "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 45108.64 MiB on device 0: "
        "cudaMalloc failed: out of memory",
    ),
    (
        "out-of-memory",
        "machine ran out",
        "llama_model_load: error loading model: unable to allocate CPU buffer",
    ),
    # transformers serve
    (
        "runtime-broken",
        "transformers[serving]",
        "ImportError: Missing dependencies for serving. Install with `pip install "
        "transformers[serving]`",
    ),
]
