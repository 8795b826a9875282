"""The check before a launch on several machines: what is amiss is said at once, with the remedy.

Without it vLLM waits up to half an hour for GPUs that are not there, and SGLang for ranks that
nobody started.
"""

import asyncio
import errno
import socket

from core.cluster.ask import ask
from core.cluster.judge import objection
from core.engines.launch_spec import LaunchSpec
from core.engines.nodes import JOIN_ONLY, RAY_ADDRESS
from core.errors import EngineFailure
from core.recipes.placement_rules import meeting_point
from core.recipes.recipe import Recipe
from core.runtimes.runtime import Runtime


async def demand_machines(recipe: Recipe, runtime: Runtime | None, spec: LaunchSpec) -> None:
    """Raise EngineFailure unless the other machines can take part; at once for one machine.

    Codes: "no-cluster", "cluster-too-small", "cluster-versions", "cluster-token", "ray-missing",
    "ray-on-cpu", "node-address".
    """
    if recipe.spread_by is None or runtime is None:
        return
    if recipe.spread_by == "engine":
        await asyncio.to_thread(_demand_meeting_point, recipe)
        return
    if runtime.kind == "vllm-cpu":
        raise EngineFailure(
            "vLLM on the CPU can not use a Ray cluster",
            code="ray-on-cpu",
            next_action="Set node_backend = engine and node_address, which needs no Ray.",
        )
    found = await ask(runtime, spec.env.get(RAY_ADDRESS, JOIN_ONLY), spec.env)
    against = objection(recipe, found, str(runtime.python.with_name("ray")))
    if against is not None:
        raise EngineFailure(
            against.message[0].upper() + against.message[1:],
            code=against.code,
            next_action=against.next_action,
        )


def _demand_meeting_point(recipe: Recipe) -> None:
    """It has to be an address of this machine, with a free port: rank 0 listens there."""
    host, port = meeting_point(recipe.node_address or "")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        with socket.socket(found[0][0], socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(found[0][4])
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        raise EngineFailure(
            f"{recipe.node_address}, where the machines are to meet, "
            + ("is used by another program" if taken else "is no address of this machine"),
            code="port-taken" if taken else "node-address",
            next_action="Set node_address to an address of this machine and a free port.",
        ) from None
