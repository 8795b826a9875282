"""Ask a Ray cluster what it has, with the Ray of the runtime that will use it.

Another Ray would prove nothing: versions of Ray and Python have to be equal on every machine, and
the engine joins the cluster from this machine just as the probe does.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from core.cluster.picture import Cluster, NoCluster
from core.engines.nodes import JOIN_ONLY
from core.recipes.placement_rules import meeting_point
from core.runtimes.runtime import Runtime
from core.runtimes.uv_process import run

PROBE = Path(__file__).parent / "probes" / "ray_cluster.py"
PROBE_TIMEOUT_S = 40.0  # a machine that has not joined is told so by Ray after 30
CONNECT_S = 3.0
_MARK = "CLUSTER-JSON:"


async def ask(runtime: Runtime, address: str, env: Mapping[str, str]) -> Cluster | NoCluster:
    """What the cluster at `address` has ("auto": the one that runs on this machine).

    `env`: what the engine would get. Takes 2 to 3 s; at once when nothing listens there.
    """
    if address != JOIN_ONLY and not await _listens(address):
        return NoCluster(trouble="unreachable", said=f"nothing listens at {address}")
    with tempfile.TemporaryDirectory() as neutral:
        try:
            outcome = await run(
                (str(runtime.python), "-I", str(PROBE), address),
                env=env,
                cwd=Path(neutral),
                timeout_s=PROBE_TIMEOUT_S,
            )
        except TimeoutError:
            said = f"Ray did not let this machine in within {PROBE_TIMEOUT_S:.0f} s"
            return NoCluster(trouble="failed", said=said)
    answer = next((line for line in outcome.lines if line.startswith(_MARK)), None)
    if answer is None:
        return NoCluster(trouble="failed", said=(outcome.lines or ("no output",))[-1])
    found = _read(answer.removeprefix(_MARK))
    if address != JOIN_ONLY and isinstance(found, NoCluster) and found.trouble == "unreachable":
        # It listens, as we saw: a cluster with a token tells others no more than this.
        return NoCluster(trouble="unauthorised", said=found.said)
    return found


def _read(answer: str) -> Cluster | NoCluster:
    told = msgspec.json.decode(answer)
    if "trouble" in told:
        return msgspec.convert(told, NoCluster)
    return msgspec.convert(told, Cluster)


async def _listens(address: str) -> bool:
    """Whether anything does; Ray would try for half a minute."""
    host, port = meeting_point(address)
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            return True
    return False
