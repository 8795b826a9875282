"""The rules about where a recipe runs: which GPUs, how many, and on how many machines."""

import math
import re
from collections.abc import Iterator

from core.recipes.flag_names import flag_in
from core.recipes.problem import Problem, doubtful, wrong
from core.recipes.recipe import Recipe

_WAYS = ("tensor_parallel", "pipeline_parallel", "data_parallel")
# Flags with which the GPUs are counted in another way, or stand in other machines.
_SPREAD = ("data_parallel_size_local", "enable_dp_attention", "nnodes")
# Flags that the fields about machines become.
_NODE_FLAGS = str.split(
    "distributed_executor_backend dist_init_addr headless master_addr master_port nnodes node_rank"
)
# The beginning of an NVML UUID: of a whole GPU, or of a slice of one (MIG).
UUID = re.compile(r"(GPU|MIG)-[0-9A-Za-z/-]{1,80}")
ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})")


def devices_can_be_meant(recipe: Recipe) -> Iterator[Problem]:
    """An index, or the beginning of a UUID as `nvidia-smi -L` shows it."""
    for index, device in enumerate(recipe.devices):
        if isinstance(device, str) and UUID.fullmatch(device) is None:
            path = f"devices[{index}]"
            yield wrong(
                path,
                f"{path} should be a whole number, or a UUID such as GPU-5f3a… or MIG-8c41…, "
                f"not {device!r:.60}",
            )
    if len(set(recipe.devices)) < len(recipe.devices):
        yield wrong("devices", "devices names a GPU twice")


def devices_suffice(recipe: Recipe) -> Iterator[Problem]:
    """Tensor × pipeline × data parallel is how many GPUs it takes, over all its machines."""
    if not recipe.devices or _counted_otherwise(recipe) or recipe.spread_by == "ray":
        return
    needed, named = world_size(recipe), len(recipe.devices)
    if recipe.spread_by:
        needed = math.ceil(needed / (recipe.nodes or 1))
    here = " on this machine" if recipe.spread_by else ""
    if needed > named:
        field = next((n for n in _WAYS if (getattr(recipe, n) or 1) > 1), "devices")
        yield wrong(field, f"It takes {needed} GPUs{here}, but devices names only {named}")
    elif named > needed:
        yield doubtful(
            "devices", f"devices names {named} GPUs, but it will use only {needed}{here}"
        )


def machines_can_meet(recipe: Recipe) -> Iterator[Problem]:
    """With the engine's own means they meet at an address; Ray has one already."""
    address = recipe.node_address
    if address is not None and _not_an_address(address):
        yield wrong("node_address", "node_address should be HOST:PORT, such as 10.0.0.1:5000")
    by = recipe.spread_by
    if by is None:
        yield from _idle_alone(recipe)
    elif by == "engine" and address is None:
        yield wrong(
            "node_address",
            "node_address is missing: where the other machines reach this one, HOST:PORT",
        )
    elif by == "ray" and recipe.devices:
        yield doubtful("devices", "devices has no effect on a Ray cluster: Ray hands out the GPUs")
    if by and (flag := next((a for a in recipe.extra_args if flag_in(a, _NODE_FLAGS)), None)):
        path = f"extra_args[{recipe.extra_args.index(flag)}]"
        yield wrong(path, f"{flag.split('=')[0]} can not be set beside nodes")


def machines_share_the_work(recipe: Recipe) -> Iterator[Problem]:
    """Every machine gets the same number of GPUs, and at least one."""
    if recipe.spread_by is None or _counted_otherwise(recipe):
        return
    world, nodes = world_size(recipe), recipe.nodes or 1
    if world < nodes:
        yield wrong("nodes", f"It takes {world} GPUs, fewer than its {nodes} machines")
    elif recipe.spread_by == "engine" and world % nodes:
        yield wrong("nodes", f"Its {world} GPUs can not be shared equally by {nodes} machines")


def world_size(recipe: Recipe) -> int:
    """How many GPUs it takes, over all its machines."""
    if recipe.engine not in ("vllm", "sglang"):
        return 1
    return math.prod(getattr(recipe, name) or 1 for name in _WAYS)


def meeting_point(address: str) -> tuple[str, int]:
    """Host and port of a valid `node_address`."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _counted_otherwise(recipe: Recipe) -> bool:
    if recipe.engine not in ("vllm", "sglang"):
        return True
    return any(flag_in(argument, _SPREAD) for argument in recipe.extra_args)


def _not_an_address(address: str) -> bool:
    found = ADDRESS.fullmatch(address)
    return found is None or not 0 < int(found["port"]) < 65536


def _idle_alone(recipe: Recipe) -> Iterator[Problem]:
    for name in ("node_backend", "node_address"):
        if getattr(recipe, name) is not None and recipe.engine in ("vllm", "sglang"):
            yield doubtful(name, f"{name} has no effect without nodes")
