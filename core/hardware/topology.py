"""How near GPUs are to each other, as NVML tells it. It does not change while the driver runs."""

from collections.abc import Callable
from itertools import combinations
from types import ModuleType
from typing import TypeVar

from core.hardware.picture import Distance, Link

T = TypeVar("T")
Ask = Callable[..., T | None]  # one value, or None where the card does not tell


def links_between(
    nvml: ModuleType, handles: dict[str, object], ask: Ask[int]
) -> dict[str, tuple[Link, ...]]:
    """For each GPU by UUID, the others it knows a way to; empty where the driver does not tell."""
    found: dict[str, list[Link]] = {uuid: [] for uuid in handles}
    for one, other in combinations(handles, 2):
        distance = _distance(nvml, handles[one], handles[other], ask)
        if distance is not None:
            found[one].append(Link(uuid=other, distance=distance))
            found[other].append(Link(uuid=one, distance=distance))
    return {uuid: tuple(links) for uuid, links in found.items()}


def _distance(nvml: ModuleType, one: object, other: object, ask: Ask[int]) -> Distance | None:
    """NVLink, directly or through a switch, is nearer than any way over PCIe."""
    peer = ask(nvml.nvmlDeviceGetP2PStatus, one, other, nvml.NVML_P2P_CAPS_INDEX_NVLINK)
    if peer == nvml.NVML_P2P_STATUS_OK:
        return "nvlink"
    ancestor = ask(nvml.nvmlDeviceGetTopologyCommonAncestor, one, other)
    if ancestor is None:
        return None
    if ancestor <= nvml.NVML_TOPOLOGY_MULTIPLE:  # one board, one switch, or several switches
        return "switch"
    if ancestor <= nvml.NVML_TOPOLOGY_NODE:  # one host bridge, or one NUMA node
        return "socket"
    return "system"
