"""A held load with clients that leave leaves nothing behind, and every request is written once."""

import shutil

import pytest

from tests.benchmarks.contenders import LANE, MODEL, Contender
from tests.benchmarks.holding import hold
from tests.benchmarks.programs import Shape, built
from tests.harness.studio import StudioServer

GROWTH_MIB = 32.0  # in seconds there is more warming up than leaking: ten minutes tell more


def test_every_request_of_a_held_load_is_accounted_for_once(studio: StudioServer) -> None:
    """64 streams on the direct lane, one in five leaves: three books agree, nothing stays."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler: the load generator is a C program")
    command = [str(built("upstream")), "--port", "{port}"]
    studio.add({"id": MODEL, "engine": "command", "command": command})
    engine = studio.load(MODEL)["port"]
    lane = Contender(name="direct", port=studio.port, headers=(f"{LANE}: direct",))
    shape = Shape(clients=64, seconds=5, warmup=0.5, rate=20, tokens=40, leave=0.2)
    held = hold(studio, engine, lane, shape)
    assert held.load.all.left > 20
    assert held.broken_promises(growth_mib=GROWTH_MIB) == []
