"""A change that can not be is refused to whoever asked, whether or not they wait for its end."""

import pytest

from tests.harness.studio import StudioServer

pytestmark = pytest.mark.real


@pytest.mark.parametrize("wait", [True, False])
def test_what_is_refused_is_refused_aloud(studio: StudioServer, wait: bool) -> None:
    """Otherwise a press of Enter in the window would come to nothing, without a word."""
    recipe = {"id": f"no-runtime-{wait}".lower(), "engine": "sglang", "model": "nobody/nothing"}
    assert studio.http.post("/api/recipes", json=recipe, headers=studio.owner()).is_success
    wish = {"target": recipe["id"], "wait": wait}
    refused = studio.http.post("/api/switch", json=wish, headers=studio.owner())
    assert refused.json()["code"] == "runtime-missing", refused.text
    assert "sglang" in refused.json()["next_action"]
