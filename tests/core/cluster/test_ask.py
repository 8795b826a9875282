"""What is made of Ray's answers, and of the lack of them."""

import os
import sys
from pathlib import Path

import pytest

from core.cluster.ask import ask
from core.cluster.demand import demand_machines
from core.cluster.picture import Cluster, NoCluster, Node
from core.engines import vllm
from core.errors import EngineFailure
from core.recipes.recipe import Recipe
from core.runtimes.runtime import Runtime
from core.settings import Paths
from tests.core.cluster.stand_in import ANSWERS, RAISES, runtime_with
from tests.harness.ports import free_port

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-in is a shell script")

RECIPE = Recipe(id="big", model="m", nodes=2, tensor_parallel=2)
ENV = {"PATH": "/bin:/usr/bin"}


async def test_only_machines_that_are_alive_count(tmp_path: Path) -> None:
    """Which of them is this one is known too."""
    found = await ask(runtime_with(tmp_path / "rt", ANSWERS), "auto", ENV)
    assert found == Cluster(
        ray="2.60.0",
        python=sys.version.split()[0],
        free_gpus=1.0,
        nodes=(
            Node(address="10.0.0.1", gpus=2, cpus=4, here=True),
            Node(address="10.0.0.3", gpus=0, cpus=8),
        ),
    )


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        ("ConnectionError('none runs')", "unreachable"),
        ("RuntimeError('Version mismatch: Ray: 2.9')", "versions"),
        ("type('AuthenticationError', (Exception,), {})('no token')", "unauthorised"),
        ("ValueError('odd')", "failed"),
    ],
)
async def test_what_ray_refuses_with_is_told_apart(
    tmp_path: Path, error: str, trouble: str
) -> None:
    """Each has another remedy."""
    runtime = runtime_with(tmp_path / "rt", RAISES.format(error=error))
    found = await ask(runtime, "auto", ENV)
    assert isinstance(found, NoCluster)
    assert found.trouble == trouble
    assert found.said


async def test_a_runtime_without_ray_says_so(tmp_path: Path) -> None:
    """It is the runtime's Ray that counts, not any other."""
    found = await ask(runtime_with(tmp_path / "rt", None), "auto", ENV)
    assert isinstance(found, NoCluster)
    assert found.trouble == "not-installed"


async def test_an_address_where_nothing_listens_is_known_at_once(tmp_path: Path) -> None:
    """Ray itself would try for half a minute; its interpreter is not even started."""
    nobody = Runtime(id="x", kind="vllm", version="1", path=tmp_path / "nothing")
    found = await ask(nobody, f"127.0.0.1:{free_port()}", ENV)
    assert found.trouble == "unreachable" if isinstance(found, NoCluster) else False


async def demand(recipe: Recipe, runtime: Runtime) -> None:
    """The check before a launch."""
    spec = vllm.build(
        recipe, runtime=runtime, port=1, api_key=None, paths=Paths(Path("/home")), env=ENV
    )
    await demand_machines(recipe, runtime, spec)


async def test_a_recipe_for_one_machine_asks_nobody(tmp_path: Path) -> None:
    """Nothing is run, so nothing is missed."""
    await demand(
        Recipe(id="r", model="m"), Runtime(id="x", kind="vllm", version="1", path=tmp_path)
    )


async def test_a_cluster_that_is_too_small_is_refused_before_the_launch(tmp_path: Path) -> None:
    """vLLM would wait half an hour for the GPUs."""
    runtime = runtime_with(tmp_path / "rt", ANSWERS)
    await demand(RECIPE, runtime)
    with pytest.raises(EngineFailure, match="takes 8 GPUs, the cluster has 2") as refused:
        await demand(Recipe(id="big", model="m", nodes=2, tensor_parallel=8), runtime)
    assert refused.value.code == "cluster-too-small"


async def test_no_cluster_is_refused_with_the_command_to_start_one(tmp_path: Path) -> None:
    """With the runtime's own Ray: the versions have to be the same."""
    runtime = runtime_with(tmp_path / "rt", RAISES.format(error="ConnectionError('none')"))
    with pytest.raises(EngineFailure) as refused:
        await demand(RECIPE, runtime)
    assert refused.value.code == "no-cluster"
    assert f"{tmp_path}/rt/bin/ray start --head" in refused.value.next_action


async def test_vllm_on_the_cpu_is_told_that_it_knows_no_ray(tmp_path: Path) -> None:
    """It would find out after half a minute; see `test_real_ray.py` for its own words."""
    with pytest.raises(EngineFailure) as refused:
        await demand(RECIPE, Runtime(id="x", kind="vllm-cpu", version="1", path=tmp_path))
    assert refused.value.code == "ray-on-cpu"


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.0.0.1", None),
        ("203.0.113.7", "node-address"),
        ("no.such.host.invalid", "node-address"),
    ],
)
async def test_the_meeting_point_has_to_be_an_address_of_this_machine(
    tmp_path: Path, host: str, code: str | None
) -> None:
    """Rank 0 listens there."""
    recipe = Recipe(
        id="r",
        model="m",
        nodes=2,
        tensor_parallel=2,
        node_backend="engine",
        node_address=f"{host}:{free_port()}",
    )
    runtime = Runtime(id="x", kind="vllm", version="1", path=tmp_path)
    if code is None:
        await demand(recipe, runtime)
        return
    with pytest.raises(EngineFailure) as refused:
        await demand(recipe, runtime)
    assert refused.value.code == code
