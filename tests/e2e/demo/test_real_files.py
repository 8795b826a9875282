"""Files and real vLLM: what they take is counted before they are sent, and that it sees nothing."""

import pytest

from tests.core.attachments.made import picture
from tests.e2e.demo.conftest import LOAD
from tests.e2e.test_attachments import ask, attached, talk
from tests.harness.studio import StudioServer


@pytest.mark.timeout(900)
def test_vllm_counts_what_a_file_takes_and_is_known_not_to_see(demo_studio: StudioServer) -> None:
    """The demonstration model in real vLLM: counted before is what it says that it read."""
    studio = demo_studio
    studio.evict_all()
    path = talk(studio)
    notes = attached(studio, path, "notes.txt", b"The weather in Paris is fine. " * 5)
    shot = attached(studio, path, "shot.png", picture("PNG"))
    wish = {"model": "demo-vllm", "text": "", "attachments": [notes["id"], shot["id"]]}
    before = studio.post(f"{path}/attachments/cost", wish)
    assert (before["sees"], before["exact"]) == ("no", False)
    studio.post("/api/switch", {"target": "demo-vllm", "wait": True}, timeout=LOAD)
    cost = studio.post(f"{path}/attachments/cost", wish)
    assert (cost["sees"], cost["exact"]) == ("no", True)
    assert cost["context"] > cost["tokens"]
    answer = ask(studio, path, "demo-vllm", "", notes, shot)
    assert answer["outcome"] == "whole", answer
    assert answer["text"]
    template = answer["prompt_tokens"] - cost["tokens"]
    assert 0 < template < 40, (answer["prompt_tokens"], cost["tokens"])
