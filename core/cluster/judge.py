"""Whether what a cluster has is enough for a recipe; if not, what to do about it. Pure."""

import msgspec

from core.cluster.picture import Cluster, NoCluster
from core.recipes.placement_rules import world_size
from core.recipes.recipe import Recipe


class Objection(msgspec.Struct, frozen=True, kw_only=True):
    """Why the recipe can not start on it."""

    code: str
    message: str
    next_action: str


def objection(recipe: Recipe, found: Cluster | NoCluster, ray: str = "ray") -> Objection | None:
    """The first thing that is in the way. `ray`: the runtime's own program, for commands to copy.

    GPUs that other programs of the cluster use are not counted out: they may be our own engine's,
    which leaves first, and vLLM waits for the others.
    """
    if isinstance(found, NoCluster):
        return _none(recipe, found, ray)
    if len(found.nodes) < (recipe.nodes or 1):
        return Objection(
            code="cluster-too-small",
            message=f"{recipe.id} wants {recipe.nodes} machines, the cluster has "
            f"{len(found.nodes)}: {', '.join(node.address for node in found.nodes)}",
            next_action=f"Join more: {_others(recipe)}",
        )
    if found.gpus < world_size(recipe):
        counted = ", ".join(f"{node.address}: {node.gpus}" for node in found.nodes)
        return Objection(
            code="cluster-too-small",
            message=f"{recipe.id} takes {world_size(recipe)} GPUs, the cluster has "
            f"{found.gpus} ({counted})",
            next_action="Join machines with more GPUs, or lower tensor_parallel or "
            "pipeline_parallel.",
        )
    return None


def _none(recipe: Recipe, found: NoCluster, ray: str) -> Objection:
    match found.trouble:
        case "not-installed":
            return Objection(
                code="ray-missing",
                message=f"the runtime of {recipe.id} has no Ray",
                next_action="Install the runtime again, or set node_backend = engine, which needs "
                "no Ray.",
            )
        case "versions":
            return Objection(
                code="cluster-versions",
                message=f"the cluster runs other versions than the runtime of {recipe.id}: "
                f"{found.said}",
                next_action=f"Start it anew with the runtime's own Ray: {_head(recipe, ray)}",
            )
        case "unauthorised":
            return Objection(
                code="cluster-token",
                message=f"the cluster asks for a token that {recipe.id} does not show",
                next_action="Copy ~/.ray/auth_token from a machine of the cluster, and set "
                "RAY_AUTH_MODE=token in the recipe's env.",
            )
        case "unreachable":
            where = f" at {recipe.node_address}" if recipe.node_address else " on this machine"
            return Objection(
                code="no-cluster",
                message=f"{recipe.id} runs on a Ray cluster, and none answers{where}",
                next_action=f"Start one here: {_head(recipe, ray)}; then join the others: "
                f"{_others(recipe)}",
            )
        case "failed":
            return Objection(
                code="no-cluster",
                message=f"the Ray cluster of {recipe.id} can not be joined: {found.said}",
                next_action=f"Look at `{ray} status`; this machine has to be a part of it.",
            )


def _head(recipe: Recipe, ray: str) -> str:
    port = (recipe.node_address or "HEAD:6379").rpartition(":")[2]
    return f"{ray} start --head --port={port}"


def _others(recipe: Recipe) -> str:
    return f"vllm-studio recipes node-command {recipe.id} --rank 1"
