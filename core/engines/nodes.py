"""How an engine is told about its other machines: flags and variables, by rank.

vLLM on Ray          the head asks the cluster for workers; nothing is started elsewhere by hand
vLLM by itself       every machine runs its part; only rank 0 listens (`--headless` elsewhere)
SGLang               the same, without a word for it
"""

import ipaddress
from collections.abc import Mapping

from core.recipes.placement_rules import meeting_point
from core.recipes.recipe import Recipe

RAY_ADDRESS = "RAY_ADDRESS"
JOIN_ONLY = "auto"  # the cluster of this machine; without it Ray would quietly start one of its own


def vllm_flags(recipe: Recipe, rank: int = 0) -> tuple[str, ...]:
    """For the machine with this rank; none when it runs on one alone."""
    if recipe.spread_by is None:
        return ()
    if recipe.spread_by == "ray":
        return ("--distributed-executor-backend", "ray")
    host, port = meeting_point(recipe.node_address or "")
    return (
        *("--distributed-executor-backend", "mp"),
        *("--nnodes", str(recipe.nodes), "--node-rank", str(rank)),
        *("--master-addr", host, "--master-port", str(port)),
        *(("--headless",) if rank else ()),
    )


def sglang_flags(recipe: Recipe, rank: int = 0) -> tuple[str, ...]:
    """For the machine with this rank; none when it runs on one alone."""
    if recipe.spread_by is None:
        return ()
    return (
        *("--nnodes", str(recipe.nodes), "--node-rank", str(rank)),
        *("--dist-init-addr", recipe.node_address or ""),
    )


def variables(recipe: Recipe, host: Mapping[str, str]) -> dict[str, str]:
    """What this machine's part finds the others by, unless the recipe's `env` says otherwise.

    vLLM would guess its own address by a route to the internet; where they meet is known better.
    """
    if recipe.spread_by == "ray":
        return {RAY_ADDRESS: recipe.node_address or host.get(RAY_ADDRESS) or JOIN_ONLY}
    if recipe.spread_by == "engine" and recipe.engine == "vllm":
        address, _ = meeting_point(recipe.node_address or "")
        return {"VLLM_HOST_IP": address} if _is_ip(address) else {}
    return {}


def _is_ip(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True
