"""Whose fault an error of LiteLLM's is: texts of LiteLLM 1.106."""

import json

import pytest

from core.gateway.litellm_errors import fault_told

NO_FALLBACK = "\n\nLiteLLM: model group 'm' failed with the error above. No fallback was attempted."
OWN = "litellm.APIConnectionError: APIConnectionError: Hosted_vllmException - "


def error(message: str) -> bytes:
    """As it stands in an answer and in an event."""
    return json.dumps({"error": {"message": message, "type": None, "code": "500"}}).encode()


@pytest.mark.parametrize(
    "message",
    [
        OWN + "Response payload is not completed: <TransferEncodingError: 400>" + NO_FALLBACK,
        OWN + "Cannot connect to host 127.0.0.1:8000 ssl:default [Connect call failed]",
        OWN + "[Errno 104] Connection reset by peer",
        "litellm.InternalServerError: InternalServerError: Hosted_vllmException - Server"
        " disconnected" + NO_FALLBACK,
        "litellm.InternalServerError: InternalServerError: Hosted_vllmException - EngineCore"
        " encountered an issue. See stack trace (above) for the root cause.",
    ],
)
def test_an_engine_that_went_away_is_told_as_such(message: str) -> None:
    """By the words of whoever had a connection to it."""
    told = fault_told(error(message))
    assert told is not None
    assert (told.message, told.code) == ("the engine ended while it was answering", "engine_lost")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            OWN + "Unsupported response_format type - json" + NO_FALLBACK,
            "Unsupported response_format type - json",
        ),
        (
            OWN + "could not convert string to float: 'soon'\nTraceback (most recent call last):\n",
            "could not convert string to float: 'soon'",
        ),
        ("'int' object has no attribute 'get'", "'int' object has no attribute 'get'"),
        (OWN, "LiteLLM did not say why"),
    ],
)
def test_what_litellm_itself_stumbled_over_is_no_fault_of_the_engine(
    message: str, words: str
) -> None:
    """It says what, without the names of Python's classes, and what to do next."""
    told = fault_told(error(message))
    assert told is not None
    assert told.message == f"the gateway failed at this request: {words}"
    assert (told.code, told.status) == ("gateway_failed", 502)
    assert "x-studio-lane: direct" in told.next_action


@pytest.mark.parametrize(
    "message",
    [
        "litellm.InternalServerError: InternalServerError: Hosted_vllmException - asked to fail",
        "litellm.InternalServerError: InternalServerError: Hosted_vllmException - 'NoneType' object"
        " has no attribute 'shape'",
        "the provider acme can not be reached",
        "",
    ],
)
def test_what_an_engine_or_a_provider_said_is_left_as_it_is(message: str) -> None:
    """They have the better words."""
    assert fault_told(error(message)) is None


def test_an_error_that_can_not_be_read_is_told_all_the_same() -> None:
    """Without words."""
    told = fault_told(b'{"error":{"message":"APIConnectionError \\x"}}')
    assert told is not None
    assert told.message.endswith("LiteLLM did not say why")
