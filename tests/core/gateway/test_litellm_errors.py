"""Whose fault an error of LiteLLM's is: texts of LiteLLM 1.106."""

import json

import pytest

from core.gateway.litellm_errors import fault_told

NO_FALLBACK = "\n\nLiteLLM: model group 'm' failed with the error above. No fallback was attempted."
OWN = "litellm.APIConnectionError: APIConnectionError: Hosted_vllmException - "
OF_500 = "litellm.InternalServerError: InternalServerError: Hosted_vllmException - "
INCOMPLETE = (
    "Response payload is not completed: <TransferEncodingError: 400, message='Not enough data to"
    " satisfy transfer length header.'>"
)


def error(message: str) -> bytes:
    """As it stands in an answer and in an event."""
    return json.dumps({"error": {"message": message, "type": None, "code": "500"}}).encode()


@pytest.mark.parametrize(
    "message",
    [
        OWN + "Response payload is not completed: <TransferEncodingError: 400>" + NO_FALLBACK,
        OWN + "Cannot connect to host 127.0.0.1:8000 ssl:default [Connect call failed]",
        OWN + "[Errno 104] Connection reset by peer",
        "litellm.MidStreamFallbackError: " + OWN + INCOMPLETE + " Original exception: "
        "APIConnectionError: " + OWN + INCOMPLETE,
        OWN + "Connection closed",
        OF_500 + INCOMPLETE,
        OF_500 + "Response payload is not completed: <ContentLengthError: 400, message='Not enough"
        " data to satisfy content length header (received 1 of 500 bytes).'>",
        OF_500 + "Cannot connect to host 127.0.0.1:50829 ssl:<ssl.SSLContext object at 0x7f920d31>"
        " [Connect call failed ('127.0.0.1', 50829)]",
        OF_500 + "[Errno 104] Connection reset by peer" + NO_FALLBACK,
        OF_500 + "[WinError 10054] An existing connection was forcibly closed by the remote host",
        OF_500 + "[Errno 54] Connection reset by peer",
        OF_500 + "Connection lost",
        OF_500 + "Can not write request body for http://127.0.0.1:50829/v1/chat/completions",
        OF_500 + "Server disconnected" + NO_FALLBACK,
        OF_500 + "EngineCore encountered an issue. See stack trace (above) for the root cause.",
        OF_500 + '{"error": {"message": "EngineCore encountered an issue. See stack trace"}}',
        "Server disconnected",
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
        (OWN + "[Errno 13] Permission denied: 'x'", "[Errno 13] Permission denied: 'x'"),
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
        OF_500 + "asked to fail",
        OF_500 + "'NoneType' object has no attribute 'shape'",
        OF_500 + "[Errno 2] No such file or directory: '/data/a.png'",
        OF_500 + "Connection closed while fetching https://example.org/a.png",
        *(
            OF_500 + json.dumps({"error": {"message": said, "type": "x", "code": 500}})
            for said in (
                "[Errno 2] No such file or directory: '/data/a.png'",
                "[Errno 104] Connection reset by peer",
                "Connection closed while fetching https://example.org/a.png",
                "Cannot connect to host example.org:443 ssl:default [Name or service not known]",
                "Server disconnected",
            )
        ),
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
