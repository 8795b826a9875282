"""Deep research with the demonstration model in real engines: too small for it, and true anyhow.

The demonstration model knows a few conversations and no JSON. What it is asked for by schema it
answers in form where its engine holds it to one; where it can not be understood the run does
without it. Either way it ends, and every citation leads to a passage, or nothing is claimed.
"""

import pytest

from tests.e2e.scholar import QUESTION, REST, put, resolves
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually
from tests.support.little_web.server import LittleWeb


def answered_by(studio: StudioServer, model: str) -> int:
    """How many requests it answered well."""
    requests = studio.get("/api/requests", model=model, limit=1000)["requests"]
    return sum(one["outcome"] == "ok" for one in requests)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("model", ["demo", "demo-vllm"])
def test_the_smallest_model_ends_and_claims_nothing_that_is_not_there(
    demo_studio: StudioServer, model: str
) -> None:
    """Over the hot path, with real tokens."""
    answered = answered_by(demo_studio, model)
    with LittleWeb() as web:
        put(demo_studio, "/api/research/hosts", {"private_hosts": ["*.localhost"]})
        searxng = {"name": "searxng", "url": web.url("search", "")}
        put(demo_studio, "/api/research/providers", searxng)
        wish = {
            "question": QUESTION,
            "model": model,
            "clarify": True,
            "providers": ["searxng"],
            "budget": {"sources": 3, "tokens": 60_000, "minutes": 3},
        }
        which = demo_studio.post("/api/research", wish)["research_id"]
        path = f"/api/research/{which}"

        def over() -> dict[str, object] | None:
            view: dict[str, object] = demo_studio.get(path)
            if view["state"] == "clarifying" and view["questions"] and view["answer"] is None:
                demo_studio.post(f"{path}/answer", {"text": ""})
            if view["state"] == "planned":
                demo_studio.post(f"{path}/start")
            return view if view["state"] in REST else None

        view = eventually(over, within=600, what="its end", every=0.5)
    assert view["state"] in ("done", "failed"), view["problem"]
    assert view["plan"]
    assert answered_by(demo_studio, model) > answered
    if view["state"] == "done":
        resolves(demo_studio, view)
    else:
        assert view["problem"]
        assert view["next_action"]
