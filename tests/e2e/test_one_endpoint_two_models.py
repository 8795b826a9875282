"""The heart of it: one endpoint, two models, and the official client that knows nothing of us."""

import subprocess
import sys

import pytest
from openai import NotFoundError

from tests.harness.sim import sim_recipe
from tests.harness.studio import ROOT, StudioServer, words


def ask(studio: StudioServer, model: str) -> str:
    """One streamed answer through the official client."""
    with studio.openai() as client:
        chunks = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Hello!"}], stream=True
        )
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_naming_the_other_model_switches_and_answers(studio: StudioServer) -> None:
    """A, then B, then A again: each answer is whole and in order, one engine at a time."""
    studio.add(sim_recipe("walk-a", tokens=120))
    studio.add(sim_recipe("walk-b", tokens=80))
    for model, count in (("walk-a", 120), ("walk-b", 80), ("walk-a", 120)):
        assert ask(studio, model) == words(count)
        assert list(studio.engines()) == [model]
    asked = [one["actor"] for one in studio.happened("switch-requested", target="walk-b")]
    assert asked == ["api"], "the timeline says who asked: a keyless local client"


def test_the_usage_of_a_stream_arrives_when_it_was_asked_for(studio: StudioServer) -> None:
    """`include_usage` works through every layer."""
    studio.add(sim_recipe("usage-a", tokens=7))
    with studio.openai() as client:
        chunks = list(
            client.chat.completions.create(
                model="usage-a",
                messages=[{"role": "user", "content": "Hello!"}],
                stream=True,
                stream_options={"include_usage": True},
            )
        )
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 7


def test_an_unknown_model_is_the_clients_own_kind_of_error(studio: StudioServer) -> None:
    """The official client raises what it raises for OpenAI itself."""
    with (
        studio.openai() as client,
        pytest.raises(NotFoundError, match="no-such-model") as refused,
    ):
        client.chat.completions.create(model="no-such-model", messages=[])
    assert refused.value.code == "model_not_found"


def test_completions_and_embeddings_work_as_well(studio: StudioServer) -> None:
    """The other two endpoints people use."""
    studio.add(sim_recipe("more-a", tokens=3))
    with studio.openai() as client:
        text = client.completions.create(model="more-a", prompt="Once").choices[0].text
        vectors = client.embeddings.create(
            model="more-a", input=["one", "three"], encoding_format="float"
        )
    assert text == "tok0 tok1 tok2"
    assert [vector.embedding[0] for vector in vectors.data] == [3.0, 5.0]


def test_the_terminal_tells_the_story_with_who_asked(studio: StudioServer) -> None:
    """`vllm-studio events` is readable by somebody who was not there."""
    studio.add(sim_recipe("story-a", tokens=2))
    ask(studio, "story-a")
    told = run_cli(studio, "events")
    assert "story-a" in told
    assert "answers after" in told
    assert "api" in told
    assert run_cli(studio, "status").count("story-a")


def run_cli(studio: StudioServer, *arguments: str) -> str:
    """What `vllm-studio …` prints in this home."""
    done = subprocess.run(
        [sys.executable, "-m", "desktop", *arguments],
        cwd=ROOT,
        env=studio.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
