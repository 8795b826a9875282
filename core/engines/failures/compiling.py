"""Kernels that have to be compiled on this machine, and what that needs."""

from core.engines.failures.known import row

COMPILING = (
    row(
        "cuda-toolkit-missing",
        r"Could not find nvcc|nvcc: not found|No such file or directory: '(?:[^']*/)?nvcc'"
        r"|CUDA_HOME environment variable is not set",
        "a kernel must be compiled for this GPU, and the CUDA toolkit (nvcc) is not there",
        "Install the CUDA toolkit and set CUDA_HOME in the recipe's env; for vLLM "
        "VLLM_USE_FLASHINFER_SAMPLER=0 may do without.",
    ),
    row(
        "cuda-toolkit-too-old",
        r"nvcc fatal\s*: Unsupported gpu architecture '(?P<arch>\w+)'",
        "the CUDA toolkit is older than this GPU ({arch})",
        "Install a newer CUDA toolkit and point CUDA_HOME at it in the recipe's env.",
    ),
    row(
        "compiler-missing",
        r"Failed to find C compiler|InvalidCxxCompiler: No working C\+\+ compiler",
        "a kernel must be compiled, and there is no C compiler",
        "Install gcc and g++ (build-essential).",
    ),
    row(
        "python-headers-missing",
        r"fatal error: Python\.h: No such file or directory",
        "a kernel must be compiled, and Python's headers are not there",
        "Install them (python3-dev), or use a runtime with a Python of its own.",
    ),
    row(
        "kernel-too-large",
        r"OutOfResources: out of resource: (?P<what>[\w ]+), Required: (?P<need>\d+), "
        r"Hardware limit: (?P<have>\d+)",
        "a kernel needs {need} of {what}, and this GPU has {have}",
        "Try another attention backend, another dtype, or another engine version.",
    ),
    row(
        "kernel-compile-failed",
        r"Ninja build failed|ninja: build stopped: subcommand failed|BackendCompilerFailed"
        r"|triton\.compiler\.errors\.CompilationError|InductorError: |PTXASError|ptxas fatal",
        "a kernel could not be compiled for this machine",
        "Clear ~/.cache/flashinfer, ~/.triton and ~/.cache/vllm and start again; else switch "
        "enforce_eager on, or use another engine version.",
    ),
)
