"""What a recipe calls its GPUs becomes the GPUs themselves, or a sentence with those there are."""

from pathlib import Path

import pytest

from core.errors import Invalid
from core.hardware.picture import Name
from core.placement.devices import Device, knows_uuids, resolve, visible
from core.runtimes.runtime import Runtime

TWO = (Name(index=0, uuid="GPU-5f3a-1"), Name(index=1, uuid="GPU-5f99-2"))
CUT = (Name(index=0, uuid="GPU-aa-1", slices=("MIG-1a", "MIG-1b")), Name(index=1, uuid="GPU-bb-2"))


@pytest.mark.parametrize(
    ("devices", "uuids"),
    [
        ((0, 1), ("GPU-5f3a-1", "GPU-5f99-2")),
        ((1, 0), ("GPU-5f99-2", "GPU-5f3a-1")),
        (("GPU-5f3",), ("GPU-5f3a-1",)),
        (("gpu-5F99-2", 0), ("GPU-5f99-2", "GPU-5f3a-1")),
        ((), ()),
    ],
)
def test_an_index_and_the_beginning_of_a_uuid_are_the_same_gpu(
    devices: tuple[Device, ...], uuids: tuple[str, ...]
) -> None:
    """In the recipe's order, which is the order of ranks."""
    assert resolve(devices, TWO) == uuids


@pytest.mark.parametrize(
    ("devices", "words"),
    [
        ((2,), "no GPU 2"),
        (("GPU-77",), "no GPU GPU-77"),
        (("GPU-5f",), "ore than one GPU"),
        ((0, "GPU-5f3a"), "same GPU"),
    ],
)
def test_a_gpu_that_is_not_there_is_named_with_those_that_are(
    devices: tuple[Device, ...], words: str
) -> None:
    """Who swapped a card reads what to write instead."""
    with pytest.raises(Invalid, match=words) as refused:
        resolve(devices, TWO)
    assert (refused.value.code, refused.value.field) == ("device-unknown", "devices")
    assert "0 (GPU-5f3a-1); 1 (GPU-5f99-2)" in refused.value.next_action


def test_a_slice_is_a_device_and_its_gpu_is_not() -> None:
    """CUDA would silently take the first slice of a GPU that is cut up."""
    assert resolve(("MIG-1b",), CUT) == ("MIG-1b",)
    for whole in (0, "GPU-aa"):
        with pytest.raises(Invalid, match="cut into slices"):
            resolve((whole,), CUT)


def test_without_a_driver_the_recipe_is_taken_at_its_word() -> None:
    """Nobody can tell better."""
    assert resolve((0, 3, "GPU-5f"), ()) == ("gpu:0", "gpu:3", "GPU-5f")
    assert visible((0, 3, "GPU-5f"), (), by_uuid=True) == (0, 3, "GPU-5f")


def test_an_engine_is_told_uuids_or_indexes_as_it_understands() -> None:
    """A slice has no index."""
    assert visible((1, "GPU-5f3"), TWO, by_uuid=True) == ("GPU-5f99-2", "GPU-5f3a-1")
    assert visible((1, "GPU-5f3"), TWO, by_uuid=False) == (1, 0)
    assert visible(("MIG-1a",), CUT, by_uuid=False) == ("MIG-1a",)


@pytest.mark.parametrize(
    ("kind", "version", "understands"),
    [
        ("vllm", "0.32.0", True),
        ("vllm", "0.33.0", True),
        ("vllm", "0.20.1", False),
        ("vllm", "0.9.2", False),
        ("sglang", "0.5.23", False),
        ("transformers", "5.23.0", True),
    ],
)
def test_engines_that_end_with_a_uuid_are_known(kind: str, version: str, understands: bool) -> None:
    """SGLang and older vLLM turn every entry into a number."""
    runtime = Runtime(id="r", kind=kind, version=version, path=Path("/r"))
    assert knows_uuids(runtime) is understands
