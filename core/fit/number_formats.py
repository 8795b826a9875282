"""How much space a number takes, in the names that checkpoints, engines and recipes use."""

import math

GIB = 1024**3
MIB = 1024**2

FLOATS = frozenset({"F64", "F32", "F16", "BF16"})  # stored so, and cast to the model's own format

_WIDTHS = {
    "float32": 4.0,
    "float": 4.0,
    "float16": 2.0,
    "half": 2.0,
    "bfloat16": 2.0,
    "float8_e4m3fn": 1.0,
    "float8_e5m2": 1.0,
    "int8": 1.0,
}
_PACKED = 9 / 16  # four bits and a scale for every block of 16 to 64
# Weights that an engine compresses while it loads them. vLLM 0.32 calls the first
# "fp8_per_tensor" and refuses "fp8" for weights that are not stored so.
_RUNTIME = {
    "fp8": 1.0,
    "w8a8_fp8": 1.0,
    "int8": 1.0,
    "w8a8_int8": 1.0,
    "bnb-8bit": 1.0,
    "mxfp8": 1.0 + 1 / 32,
    "bitsandbytes": _PACKED,
    "bnb-4bit": _PACKED,
    "mxfp4": _PACKED,
    "nvfp4": _PACKED,
}
UNKNOWN_METHOD = 0.5  # the least a weight could take: an unknown method must not refuse a start


def width(dtype: str | None) -> float:
    """Bytes of one number of a model; two when nobody says."""
    return _WIDTHS.get((dtype or "").removeprefix("torch."), 2.0)


def cache_width(kv_cache_dtype: str | None, model: float) -> float:
    """Bytes of one number in the KV cache. `model`: of the model itself, for "auto"."""
    name = kv_cache_dtype or "auto"
    if name == "auto":
        return model
    if name in _WIDTHS:
        return _WIDTHS[name]
    return _PACKED if "4" in name and "fp8" not in name else 1.0


def compressed_width(method: str) -> float:
    """Bytes of one weight under a method that compresses while loading."""
    if method in _RUNTIME:
        return _RUNTIME[method]
    return next(
        (_RUNTIME[name] for name in ("mxfp8", "fp8", "int8", "nvfp4") if method.startswith(name)),
        UNKNOWN_METHOD,
    )


def in_gib(count: float) -> str:
    """As people say it: "21.4"."""
    return f"{count / GIB:.1f}"


def round_up(number: int, step: int) -> int:
    """The next multiple of `step`."""
    return math.ceil(number / step) * step
