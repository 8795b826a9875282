"""A real Ray cluster of two nodes on a loopback network of its own, and vLLM's word about it."""

import json
import tempfile
from typing import Any

import pytest

from tests.core.cluster.network import needs_a_network_of_its_own, run_inside
from tests.core.cluster.ray_runtime import with_ray

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """What the program in that network saw."""
    needs_a_network_of_its_own()
    with_ray()  # before, as there is no package index in there
    with tempfile.TemporaryDirectory(prefix="ray-") as folder:
        done = run_inside("tests.core.cluster.ray_program", folder, timeout_s=600)
    line = next((one for one in done.stdout.splitlines() if one.startswith("SEEN:")), None)
    assert line is not None, f"{done.stdout}\n{done.stderr}"
    told: dict[str, Any] = json.loads(line.removeprefix("SEEN:"))
    return told


def test_before_there_is_a_cluster_that_is_known(seen: dict[str, Any]) -> None:
    """By address without asking Ray, and without an address by asking it."""
    assert seen["before"]["trouble"] == "unreachable"
    assert seen["before_s"] < 10
    assert seen["none"]["trouble"] == "unreachable"


def test_both_machines_and_the_versions_are_seen(seen: dict[str, Any]) -> None:
    """The same by its address and as the cluster of this machine."""
    found = seen["found"]
    assert {node["address"] for node in found["nodes"]} == {"127.0.0.1", "127.0.0.2"}
    assert [node["address"] for node in found["nodes"] if node.get("here")] == ["127.0.0.1"]
    assert found["ray"] == "2.60.0"
    assert found["guarded"] is True
    assert {n["address"] for n in seen["auto"]["nodes"]} == {"127.0.0.1", "127.0.0.2"}


def test_who_shows_no_token_is_told_that_it_is_the_token(seen: dict[str, Any]) -> None:
    """Ray's own word is only that it failed to connect."""
    assert seen["stranger"]["trouble"] == "unauthorised"


def test_machines_without_gpus_are_not_enough(seen: dict[str, Any]) -> None:
    """Refused in a sentence, where vLLM would wait for half an hour."""
    assert seen["against"]["code"] == "cluster-too-small"
    assert "takes 2 GPUs, the cluster has 0" in seen["against"]["message"]


def test_vllm_on_the_cpu_joins_the_cluster_and_then_refuses_it(seen: dict[str, Any]) -> None:
    """This is as far as Ray can be seen without a GPU; when it changes, `ray-on-cpu` can go."""
    said = "\n".join(seen["vllm"])
    assert "current platform cpu does not support ray" in said
