"""What a safetensors file holds, from its first kilobytes alone: names, types and shapes.

The file begins with eight bytes, the length of a JSON header (little-endian), and that header:
`{"name": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]}, "__metadata__": {…}}`.
Source: the format section of the safetensors README. The weights themselves are never read.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

_LENGTH_BYTES = 8
_LARGEST_HEADER = 100 * 1024**2  # the format's own limit


class NotSafetensors(ValueError):
    """The file is not in this format, or is cut short."""


class Tensor(msgspec.Struct, frozen=True, kw_only=True):
    """One tensor, as the header describes it."""

    dtype: str  # "BF16", "F32", "I32", "F8_E4M3"…
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]  # begin and end in bytes, after the header

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """How much space they take in the file."""
        return self.data_offsets[1] - self.data_offsets[0]


def read_header(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name. Raises NotSafetensors, or OSError when it can not be read."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if not 2 <= length <= _LARGEST_HEADER:
            raise NotSafetensors(f"{path} does not begin with a safetensors header")
        text = file.read(length)
    try:
        header = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        header.pop("__metadata__", None)
        return {k: msgspec.json.decode(raw, type=Tensor) for k, raw in header.items()}
    except msgspec.MsgspecError as error:
        raise NotSafetensors(f"{path} has a damaged safetensors header: {error}") from error


def count_parameters(tensors: Mapping[str, Tensor], *, packed_bits: int | None = None) -> int:
    """Numbers in the model.

    `packed_bits`: how many bits a weight has that is packed with others into an I32 `qweight`.
    """
    return sum(
        tensor.elements * (32 // packed_bits)
        if packed_bits and tensor.dtype == "I32" and name.endswith("qweight")
        else tensor.elements
        for name, tensor in tensors.items()
    )


def prevailing_dtype(tensors: Iterable[Tensor]) -> str | None:
    """The type that takes the most space, in torch's words where it has one ("bfloat16")."""
    space: Counter[str] = Counter()
    for tensor in tensors:
        space[tensor.dtype] += tensor.bytes
    if not space:
        return None
    dtype = space.most_common(1)[0][0]
    return _TORCH_NAMES.get(dtype, dtype.lower())


_TORCH_NAMES = {
    "BF16": "bfloat16",
    "F16": "float16",
    "F32": "float32",
    "F64": "float64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "I8": "int8",
    "I32": "int32",
    "U8": "uint8",
}
