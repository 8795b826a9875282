"""What goes wrong arrives as the clients' own exceptions, and who leaves frees the engine."""

import threading
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.clients.conftest import MODEL, Engine, options
from tests.clients.test_openai_chat import said
from tests.harness.studio import StudioServer, words
from tests.harness.waiting import eventually

CLASSES: list[tuple[int, type[openai.APIStatusError]]] = [
    (400, openai.BadRequestError),
    (422, openai.UnprocessableEntityError),
    (429, openai.RateLimitError),
    (500, openai.InternalServerError),
]


def test_an_engines_refusal_is_the_clients_exception(
    client: openai.OpenAI, claude: anthropic.Anthropic, engine: Engine
) -> None:
    """Status and words, for both clients, streamed or not."""
    for status, kind in CLASSES:
        engine.turn(fail_status=status)
        for stream in (False, True):
            with pytest.raises(kind, match="asked to fail") as raised:
                client.chat.completions.create(model=MODEL, messages=said("Hello!"), stream=stream)
            assert raised.value.status_code == status
        with pytest.raises(anthropic.APIStatusError) as told:
            claude.messages.create(model=MODEL, max_tokens=5, messages=said("Hello!"))
        assert told.value.status_code == status
        assert "asked to fail" in told.value.message


def test_an_unknown_model_and_a_bad_request_are_told_apart(
    client: openai.OpenAI, claude: anthropic.Anthropic
) -> None:
    """NotFoundError and BadRequestError, in either dialect."""
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="nobody", messages=said("Hello!"))
    assert unknown.value.code == "model_not_found"
    nothing: Any = openai.omit
    with pytest.raises((openai.BadRequestError, TypeError)):
        client.chat.completions.create(model=MODEL, messages=nothing)
    with pytest.raises(anthropic.NotFoundError):
        claude.messages.create(model="nobody", max_tokens=5, messages=said("Hello!"))


def test_what_litellm_can_not_read_is_no_fault_of_the_engine(
    served: StudioServer, engine: Engine
) -> None:
    """Its own exception has the name of a lost connection; the client hears what it was."""
    wrong: Any = "json"
    with openai.OpenAI(**options(served, "gateway")) as client:
        for stream in (False, True):
            with pytest.raises(openai.InternalServerError) as told:
                client.chat.completions.create(
                    model=MODEL, messages=said("Hello!"), response_format=wrong, stream=stream
                )
            assert told.value.code == "gateway_failed"
            assert "Unsupported response_format type - json" in told.value.message
    assert engine.seen() == []


def test_a_key_that_is_none_is_an_authentication_error(served: StudioServer) -> None:
    """A key of our own shape that nobody was given."""
    key = "sk-studio-" + "x" * 43
    with openai.OpenAI(**options(served, "gateway") | {"api_key": key}) as client:
        with pytest.raises(openai.AuthenticationError):
            client.chat.completions.create(model=MODEL, messages=said("Hello!"))
        with pytest.raises(openai.AuthenticationError):
            client.models.list()
    settings = options(served, "gateway") | {"api_key": key, "base_url": served.url}
    with anthropic.Anthropic(**settings) as claude, pytest.raises(anthropic.AuthenticationError):
        claude.messages.create(model=MODEL, max_tokens=5, messages=said("Hello!"))


def test_a_client_that_is_told_to_wait_waits_and_succeeds(
    served: StudioServer, client: openai.OpenAI, engine: Engine, lane: str
) -> None:
    """429 with `retry-after`; with retries the client comes back by itself, and is served."""
    recipe = served.get(f"/api/recipes/{MODEL}")["recipe"]
    _save(served, recipe | {"concurrency": 1})
    try:
        engine.turn(tokens=1000, tokens_per_second=50)
        busy = client.chat.completions.create(model=MODEL, messages=said("long"), stream=True)
        next(iter(busy))
        with pytest.raises(openai.RateLimitError) as refused:
            client.chat.completions.create(model=MODEL, messages=said("Hello!"))
        assert int(refused.value.response.headers["retry-after"]) >= 1
        engine.turn(tokens=5, tokens_per_second=0)
        threading.Timer(0.5, busy.close).start()
        patient = client.with_options(max_retries=4)
        answer = patient.chat.completions.create(model=MODEL, messages=said("Hello!"))
        assert answer.choices[0].message.content == words(5)
    finally:
        _save(served, recipe)


def _save(served: StudioServer, recipe: dict[str, Any]) -> None:
    saved = served.http.put(f"/api/recipes/{MODEL}", json=recipe, headers=served.owner())
    assert saved.is_success, saved.text


def test_a_stream_that_is_closed_frees_the_engine(
    client: openai.OpenAI, claude: anthropic.Anthropic, engine: Engine
) -> None:
    """Chat, responses and messages: the engine sees that nobody listens."""
    engine.turn(tokens=5000, tokens_per_second=50)
    chat = client.chat.completions.create(model=MODEL, messages=said("long"), stream=True)
    next(iter(chat))
    chat.response.close()
    response = client.responses.create(model=MODEL, input="long", stream=True)
    next(iter(response))
    response.close()
    with claude.messages.stream(model=MODEL, max_tokens=5000, messages=said("long")) as message:
        next(iter(message))
    gone = lambda: [one["disconnected"] for one in engine.seen()] == [True] * 3  # noqa: E731
    eventually(gone, within=30, what="three hang-ups")


def test_a_client_that_times_out_frees_the_engine(client: openai.OpenAI, engine: Engine) -> None:
    """Also when it waits for a whole answer."""
    engine.turn(first_token_seconds=30)
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=3).chat.completions.create(model=MODEL, messages=said("Hello!"))
    eventually(lambda: engine.seen()[-1]["disconnected"], within=30, what="the hang-up")


def test_a_lane_that_does_not_exist_is_a_bad_request(served: StudioServer) -> None:
    """And says which there are."""
    answer = httpx.post(
        f"{served.v1}/chat/completions",
        json={"model": MODEL, "messages": said("Hello!")},
        headers={"x-studio-lane": "fast"},
        timeout=30,
    )
    assert answer.status_code == 400
    assert "direct" in answer.text
