"""Whether a cluster is enough for a recipe, and what to do when it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cluster.judge import objection
from core.cluster.picture import Cluster, NoCluster, Node, Trouble
from core.recipes.recipe import Recipe

RECIPE = Recipe(id="big", model="m", nodes=2, tensor_parallel=8, pipeline_parallel=2)


def cluster(*gpus: int) -> Cluster:
    """Machines with so many GPUs each."""
    nodes = (Node(address=f"10.0.0.{i}", gpus=n, cpus=8) for i, n in enumerate(gpus, start=1))
    return Cluster(ray="2.60.0", python="3.11.7", nodes=tuple(nodes))


def test_two_machines_with_eight_gpus_each_are_enough() -> None:
    """As the recipe wants it; more do no harm."""
    assert objection(RECIPE, cluster(8, 8)) is None
    assert objection(RECIPE, cluster(8, 8, 4)) is None


def test_too_few_machines_are_counted_and_the_way_to_more_is_shown() -> None:
    """By address, so that the missing one is recognised."""
    against = objection(RECIPE, cluster(16))
    assert against is not None
    assert against.code == "cluster-too-small"
    assert "wants 2 machines, the cluster has 1: 10.0.0.1" in against.message
    assert "vllm-studio recipes node-command big --rank 1" in against.next_action


def test_too_few_gpus_are_counted_by_machine() -> None:
    """So one sees which machine lacks them."""
    against = objection(RECIPE, cluster(8, 4))
    assert against is not None
    assert "takes 16 GPUs, the cluster has 12 (10.0.0.1: 8, 10.0.0.2: 4)" in against.message


@pytest.mark.parametrize(
    ("trouble", "code", "words"),
    [
        ("unreachable", "no-cluster", "/rt/bin/ray start --head --port=6379"),
        ("versions", "cluster-versions", "/rt/bin/ray start --head"),
        ("not-installed", "ray-missing", "node_backend = engine"),
        ("unauthorised", "cluster-token", "~/.ray/auth_token"),
        ("failed", "no-cluster", "/rt/bin/ray status"),
    ],
)
def test_each_trouble_has_a_remedy(trouble: Trouble, code: str, words: str) -> None:
    """A command to copy, or the field to change."""
    against = objection(RECIPE, NoCluster(trouble=trouble, said="why"), "/rt/bin/ray")
    assert against is not None
    assert against.code == code
    assert words in against.next_action


def test_the_address_of_the_recipe_is_the_one_in_the_commands() -> None:
    """Another port than Ray's own is not forgotten."""
    recipe = Recipe(id="big", model="m", nodes=2, tensor_parallel=2, node_address="10.0.0.1:7777")
    against = objection(recipe, NoCluster(trouble="unreachable"))
    assert against is not None
    assert "10.0.0.1:7777" in against.message
    assert "--port=7777" in against.next_action


@given(st.lists(st.integers(0, 16), max_size=5), st.integers(2, 4), st.integers(1, 16))
def test_only_what_is_enough_passes(gpus: list[int], nodes: int, tensor: int) -> None:
    """Machines and GPUs, both."""
    recipe = Recipe(id="r", model="m", nodes=nodes, tensor_parallel=tensor)
    enough = len(gpus) >= nodes and sum(gpus) >= tensor
    assert (objection(recipe, cluster(*gpus)) is None) == enough
