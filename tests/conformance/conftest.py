"""Every case is `real`: it runs a real app, a real LiteLLM and real processes.

Against an app that runs elsewhere (see README.md), cases that need one of their own are left out.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import elsewhere
from tests.harness.studio import StudioServer

HERE = Path(__file__).parent
LANES = ("gateway", "direct")
both_lanes = pytest.mark.parametrize("lane", LANES, indirect=True)  # for what a lane can change
OWN = {"own_studio", "quick_studio", "locked"}  # fixtures that start an app


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what lies in this folder; leave out what can not be asked of an app elsewhere."""
    here = [item for item in items if HERE in item.path.parents]
    for item in here:
        item.add_marker(pytest.mark.real)
    if elsewhere.URL is None:
        return
    left_out = [item for item in here if OWN & set(getattr(item, "fixturenames", ()))]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    for item in left_out:
        print(f"left out: {item.nodeid} starts an app of its own")


@pytest.fixture
def lane(request: pytest.FixtureRequest) -> str | None:
    """The lane that requests wish; None: they wish none."""
    found: str | None = getattr(request, "param", None)
    return found


@pytest.fixture
def studio(studio: StudioServer, lane: str | None) -> Iterator[StudioServer]:
    """The studio of the case, on this lane."""
    studio.lane = lane
    yield studio
    studio.lane = None
