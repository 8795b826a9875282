"""A model's size is known from the first kilobytes of its files."""

import json
from pathlib import Path

import pytest

from core.models.safetensors_header import (
    NotSafetensors,
    count_parameters,
    prevailing_dtype,
    read_header,
)

HEADER = {
    "__metadata__": {"format": "pt"},
    "a.weight": {"dtype": "BF16", "shape": [4, 8], "data_offsets": [0, 64]},
    "b.qweight": {"dtype": "I32", "shape": [2, 8], "data_offsets": [64, 128]},
    "c": {"dtype": "F32", "shape": [], "data_offsets": [128, 132]},
}


def write(path: Path, header: object, *, length: int | None = None) -> Path:
    """A file that ends after its header: nothing behind it may be needed."""
    text = json.dumps(header).encode()
    path.write_bytes((len(text) if length is None else length).to_bytes(8, "little") + text)
    return path


def test_only_the_header_is_read(tmp_path: Path) -> None:
    """Names, types, shapes and bytes, from a file whose weights are missing."""
    tensors = read_header(write(tmp_path / "m.safetensors", HEADER))
    assert set(tensors) == {"a.weight", "b.qweight", "c"}
    assert (tensors["a.weight"].elements, tensors["a.weight"].bytes) == (32, 64)
    assert tensors["c"].elements == 1


def test_packed_weights_count_for_what_they_hold(tmp_path: Path) -> None:
    """A four-bit model has eight weights in every I32."""
    tensors = read_header(write(tmp_path / "m.safetensors", HEADER))
    assert count_parameters(tensors) == 32 + 16 + 1
    assert count_parameters(tensors, packed_bits=4) == 32 + 16 * 8 + 1


def test_the_type_is_that_of_most_bytes(tmp_path: Path) -> None:
    """A few float32 norms do not make a bfloat16 model float32."""
    tensors = read_header(write(tmp_path / "m.safetensors", HEADER))
    assert prevailing_dtype([tensors["a.weight"], tensors["c"]]) == "bfloat16"
    assert prevailing_dtype([]) is None


@pytest.mark.parametrize("length", [0, 1, 2**40])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, length: int) -> None:
    """An impossible header length is not followed, nor that much memory taken."""
    with pytest.raises(NotSafetensors):
        read_header(write(tmp_path / "m.safetensors", HEADER, length=length))


@pytest.mark.parametrize("header", [{"a": {"dtype": "BF16"}}, ["a"], {"a": 1}])
def test_a_damaged_header_is_refused(tmp_path: Path, header: object) -> None:
    """JSON that does not describe tensors is an error that names the file."""
    with pytest.raises(NotSafetensors, match=r"m\.safetensors"):
        read_header(write(tmp_path / "m.safetensors", header))


def test_an_interrupted_download_is_refused(tmp_path: Path) -> None:
    """A file cut short within its header."""
    path = write(tmp_path / "m.safetensors", HEADER)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(NotSafetensors):
        read_header(path)
