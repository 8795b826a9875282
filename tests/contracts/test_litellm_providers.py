"""Models elsewhere, as LiteLLM asks for them: which key goes where, and what is told of errors."""

import pytest

from core.gateway.litellm_process import PLUGIN_SOURCE
from core.offers.provider import KINDS, OfferedModel, Provider
from tests.contracts.conftest import ENGINE, INTERNAL, PROVIDER, Lite
from tests.harness.sim import answers_seen_by, turn_knobs


@pytest.mark.parametrize("model", ["openai/inner", "like/inner"])
@pytest.mark.parametrize("stream", [False, True])
def test_an_openai_is_asked_with_the_providers_key(lite: Lite, model: str, stream: bool) -> None:
    """By the name that it has there; the answer names what was asked for here."""
    answer = lite.ask(model, stream=stream)
    assert answer.status_code == 200
    assert f'"model":"{model}"' in answer.text.replace(": ", ":")
    (asked,) = lite.seen()
    assert asked["headers"]["authorization"] == f"Bearer {ENGINE}"
    assert asked["body"]["model"] == "inner"
    assert INTERNAL not in str(asked)


@pytest.mark.parametrize("stream", [False, True])
def test_a_chat_is_translated_for_an_anthropic(lite: Lite, stream: bool) -> None:
    """OpenAI in, Messages there, OpenAI out; the key goes in Anthropic's header."""
    answer = lite.ask("anthropic/inner", stream=stream, max_tokens=9)
    assert answer.status_code == 200, answer.text
    assert "tok0" in answer.text
    (asked,) = answers_seen_by(lite.anthropic)
    assert asked["path"] == "/v1/messages"
    assert asked["headers"]["x-api-key"] == PROVIDER
    assert asked["body"]["max_tokens"] == 9
    assert INTERNAL not in str(asked)
    assert lite.report(answer.headers["x-litellm-call-id"])["completion_tokens"] == 5


def test_messages_reach_an_anthropic_as_they_are(lite: Lite) -> None:
    """No translation there and back."""
    answer = lite.ask("anthropic/inner", path="/v1/messages", max_tokens=9)
    assert answer.json()["type"] == "message"
    assert answers_seen_by(lite.anthropic)[0]["path"] == "/v1/messages"


@pytest.mark.parametrize("model", ["openai/inner", "like/inner"])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/embeddings", "/v1/messages"])
def test_a_provider_that_refuses_its_key_is_a_502_that_says_so(
    lite: Lite, model: str, path: str
) -> None:
    """The client's own key was right; neither it nor anybody else sees the provider's."""
    lite.put(remote=lite.remote(key="sk-a-wrong-key"))
    for stream in (False, True):
        more = {"input": "x"} if "embeddings" in path else {"max_tokens": 5, "stream": stream}
        refused = lite.ask(model, path, **more)
        assert refused.status_code == 502, refused.text
        provider = model.partition("/")[0]
        assert f"the provider {provider} did not accept its API key" in refused.text
        assert "sk-a-wrong-key" not in refused.text + str(refused.headers)


@pytest.mark.parametrize(("status", "told"), [(400, 400), (429, 429), (500, 500), (503, 503)])
def test_other_errors_of_a_provider_are_told_as_they_are(
    lite: Lite, status: int, told: int
) -> None:
    """Once: nothing is tried twice behind our back."""
    turn_knobs(lite.engine, fail_status=status)
    refused = lite.ask("openai/inner")
    assert refused.status_code == told
    assert refused.json()["error"]["message"]
    assert len(lite.seen()) == 1


def test_one_that_can_not_be_reached_is_told_of(lite: Lite) -> None:
    """In a sentence, and not in the words of whoever tried to connect."""
    gone = Provider(
        id="gone",
        kind="openai-compatible",
        models=(OfferedModel(model="m"),),
        api_base="http://127.0.0.1:9/v1",
    )
    lite.put(remote=[(model, PROVIDER) for model in gone.remote_models])
    refused = lite.ask("gone/m")
    assert refused.status_code == 502
    assert refused.json()["error"]["message"].startswith("the provider gone can not be reached")


def test_every_kind_of_provider_is_one_that_litellm_knows(lite: Lite) -> None:
    """A prefix it does not know would be taken for a model's name. All are routed at once."""
    inner = (OfferedModel(model="m"),)
    every = [
        Provider(id=kind, kind=kind, models=inner, api_base="http://127.0.0.1:9") for kind in KINDS
    ]
    lite.put(remote=[(model, PROVIDER) for p in every for model in p.remote_models])
    for kind, prefix in KINDS.items():
        refused = lite.ask(f"{kind}/m")
        assert refused.status_code >= 500, (kind, prefix, refused.text)
    assert not (lite.folder / "asked-for").exists(), "an api_base is where it is asked"


def test_a_key_stands_in_no_file_of_its(lite: Lite) -> None:
    """Neither in its configuration nor in its log, whatever went wrong so far."""
    assert lite.ask("openai/inner").status_code == 200
    for file in lite.folder.rglob("*"):
        if file.is_file() and file.read_bytes() != PLUGIN_SOURCE.read_bytes():
            assert PROVIDER.encode() not in file.read_bytes(), file
