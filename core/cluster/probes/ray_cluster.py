"""Print what a running Ray cluster has as one line of JSON. Never starts a cluster.

It runs in the virtualenv of the engine, where nothing of this app exists. The only argument is the
cluster's address, or "auto" for the one that runs on this machine.
"""

import json
import sys
from typing import Any

MARK = "CLUSTER-JSON:"


def trouble(error: BaseException) -> str:
    """What kind of error Ray raised; it has a class of its own for some of them only."""
    if "Version mismatch" in str(error):
        return "versions"
    if type(error).__name__ == "AuthenticationError":
        return "unauthorised"
    return "unreachable" if isinstance(error, ConnectionError) else "failed"


def guarded() -> bool | None:
    """Whether the cluster asks for a token."""
    try:
        from ray._raylet import AuthenticationMode, get_authentication_mode
    except ImportError:  # before 2.50
        return None
    return bool(get_authentication_mode() == AuthenticationMode.TOKEN)


def described(address: str) -> dict[str, Any]:
    """The cluster, or why it can not be asked."""
    try:
        import ray
    except ImportError as error:
        return {"trouble": "not-installed", "said": str(error)}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # whatever it is, it is told
        return {"trouble": trouble(error), "said": " ".join(str(error).split())[:2000]}
    here = ray.get_runtime_context().get_node_id()
    return {
        "ray": ray.__version__,
        "python": sys.version.split()[0],
        "guarded": guarded(),
        "free_gpus": ray.available_resources().get("GPU", 0.0),
        "nodes": [
            {
                "address": node["NodeManagerAddress"],
                "gpus": int(node["Resources"].get("GPU", 0)),
                "cpus": int(node["Resources"].get("CPU", 0)),
                "here": node["NodeID"] == here,
            }
            for node in ray.nodes()
            if node["Alive"]
        ],
    }


if __name__ == "__main__":
    print("\n" + MARK + json.dumps(described(sys.argv[1])), flush=True)
