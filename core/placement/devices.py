"""From what a recipe calls its GPUs to the GPUs themselves, and to what an engine is told. Pure.

A recipe names a GPU by its index in NVML's order, by the beginning of its UUID ("GPU-5f3a…"), or
names a slice of one by the beginning of its own ("MIG-8c41…"). On a machine whose driver tells
nothing, what the recipe says is all there is: it is taken at its word.
"""

from collections.abc import Sequence

from core.errors import Invalid
from core.hardware.picture import Name
from core.runtimes.runtime import Runtime, version_key

Device = int | str
# vLLM 0.20 ended with "invalid literal for int()" on a UUID; 0.32 looks it up.
_VLLM_KNOWS_UUIDS = "0.32"


def resolve(devices: Sequence[Device], names: Sequence[Name]) -> tuple[str, ...]:
    """The UUIDs, in the recipe's order; "gpu:1" where no GPU is known. Raises Invalid."""
    if not names:
        return tuple(unknown_gpu(device) for device in devices)
    found = tuple(_find(device, names) for device in devices)
    if len(set(found)) < len(found):
        raise _wrong("devices names the same GPU by its index and by its UUID", names)
    return found


def unknown_gpu(device: Device) -> str:
    """What a GPU is called that only the recipe knows of."""
    return f"gpu:{device}" if isinstance(device, int) else device


def visible(
    devices: Sequence[Device], names: Sequence[Name], *, by_uuid: bool
) -> tuple[Device, ...]:
    """What CUDA_VISIBLE_DEVICES should say. Raises Invalid.

    A slice has no index, so it goes by its UUID always. Indexes are right because the engine is
    told to count as NVML does (CUDA_DEVICE_ORDER=PCI_BUS_ID).
    """
    if not names:
        return tuple(devices)
    indexes: dict[str, Device] = {name.uuid: name.index for name in names}
    uuids = resolve(devices, names)
    return uuids if by_uuid else tuple(indexes.get(uuid, uuid) for uuid in uuids)


def knows_uuids(runtime: Runtime | None) -> bool:
    """Whether the engine understands UUIDs in CUDA_VISIBLE_DEVICES.

    CUDA itself does. SGLang's all-reduce turns every entry into a number, as vLLM once did.
    """
    if runtime is None:
        return True
    if runtime.kind == "vllm":
        return version_key(runtime.version) >= version_key(_VLLM_KNOWS_UUIDS)
    return runtime.kind != "sglang"


def _find(device: Device, names: Sequence[Name]) -> str:
    if isinstance(device, int):
        whole = next((name for name in names if name.index == device), None)
        if whole is None:
            raise _wrong(f"this machine has no GPU {device}", names)
        return _uncut(whole, names)
    beginning = device.lower()
    parts = [part for name in names for part in name.slices if part.lower().startswith(beginning)]
    wholes = [name for name in names if name.uuid.lower().startswith(beginning)]
    if len(parts) + len(wholes) > 1:
        raise _wrong(f"more than one GPU here begins with {device}", names)
    if parts:
        return parts[0]
    if not wholes:
        raise _wrong(f"this machine has no GPU {device}", names)
    return _uncut(wholes[0], names)


def _uncut(whole: Name, names: Sequence[Name]) -> str:
    """CUDA would silently take the first slice; the recipe should say which."""
    if whole.slices:
        raise _wrong(f"GPU {whole.index} is cut into slices (MIG); name one of them", names)
    return whole.uuid


def _wrong(why: str, names: Sequence[Name]) -> Invalid:
    there = "; ".join(_shown(name) for name in names)
    return Invalid(
        f"{why[0].upper()}{why[1:]}",
        field="devices",
        code="device-unknown",
        next_action=f"Correct the recipe's devices. Here are: {there}.",
    )


def _shown(name: Name) -> str:
    slices = f" with {', '.join(name.slices)}" if name.slices else ""
    return f"{name.index} ({name.uuid}){slices}"
