"""What the official clients have no methods for: rerank, score, exact token counts."""

from typing import Any

import httpx
import pytest

from tests.clients.conftest import MODEL, Engine
from tests.harness.studio import StudioServer


@pytest.fixture
def ask(served: StudioServer, engine: Engine, lane: str) -> Any:
    """POST to a path on this lane."""

    def post(path: str, **body: object) -> httpx.Response:
        headers = {"x-studio-lane": lane}
        return httpx.post(
            f"{served.v1}{path}", json={"model": MODEL, **body}, headers=headers, timeout=30
        )

    return post


def test_documents_are_ranked(ask: Any, lane: str) -> None:
    """The best first, by its index and score; LiteLLM tells the counts elsewhere."""
    answer = ask("/rerank", query="a", documents=["short", "the longer one"], top_n=1)
    assert answer.status_code == 200, answer.text
    (best,) = answer.json()["results"]
    assert (best["index"], best["relevance_score"]) == (1, 1.0)
    counted = answer.json()["usage" if lane == "direct" else "meta"]
    assert "4" in str(counted)


def test_what_litellm_lacks_goes_directly_whatever_was_wished(ask: Any) -> None:
    """Scores, tokens and texts of tokens come from the engine itself."""
    scored = ask("/score", text_1="one", text_2=["one", "three"])
    assert scored.status_code == 200, scored.text
    assert scored.headers["x-studio-lane"] == "direct"
    assert [one["score"] for one in scored.json()["data"]] == [1.0, 1 / 3]
    counted = ask("/tokenize", prompt="a b a")
    assert counted.status_code == 200, counted.text
    assert counted.json()["count"] == 3
    text = ask("/detokenize", tokens=counted.json()["tokens"])
    assert text.json() == {"prompt": "a b a"}


def test_what_litellm_can_not_read_or_tell_goes_directly(
    served: StudioServer, engine: Engine
) -> None:
    """Prompts of token ids, and transcripts that are to be no JSON, where no lane is wished."""
    ids = httpx.post(
        f"{served.v1}/completions", json={"model": MODEL, "prompt": [[1, 2], [3]]}, timeout=30
    )
    assert (ids.status_code, ids.headers["x-studio-lane"]) == (200, "direct")
    assert engine.last()["prompt"] == [[1, 2], [3]]
    for told_as, lane in (("srt", "direct"), ("json", "gateway")):
        heard = httpx.post(
            f"{served.v1}/audio/transcriptions",
            data={"model": MODEL, "response_format": told_as},
            files={"file": ("a.wav", b"RIFF")},
            timeout=30,
        )
        assert (heard.status_code, heard.headers["x-studio-lane"]) == (200, lane)


def test_a_priority_takes_the_direct_lane_unless_the_gateway_was_wished(
    served: StudioServer,
    engine: Engine,
) -> None:
    """LiteLLM drops it; whoever asks for a lane gets that lane."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello!"}], "priority": -1}
    for headers, lane in (({}, "direct"), ({"x-studio-lane": "gateway"}, "gateway")):
        answer = httpx.post(f"{served.v1}/chat/completions", json=body, headers=headers, timeout=30)
        assert answer.headers["x-studio-lane"] == lane
        assert engine.last().get("priority") == (-1 if lane == "direct" else None)
