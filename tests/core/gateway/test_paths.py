"""Which paths are passed on, and what is told to who asks for another."""

import pytest

from core.gateway.paths import ALLOWED, dialect_of, meant, nothing_at


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (b"/v1/chat/completions/", b"/v1/chat/completions"),
        (b"/v1//chat/completions", b"/v1/chat/completions"),
        (b"/v1/v1/messages", b"/v1/messages"),  # ANTHROPIC_BASE_URL ended in /v1
        (b"/v1/v1/messages/count_tokens", b"/v1/messages/count_tokens"),
        (b"/chat/completions", b"/v1/chat/completions"),  # an OpenAI base URL did not
        (b"/openai/deployments/m/chat/completions", b"/v1/chat/completions"),  # Azure's
        (b"/completions", b"/v1/completions"),
        (b"/models", b"/v1/models"),
        (b"/v1/embeddings", None),  # is there
        (b"/v1/files", None),
        (b"/", None),
        (b"", None),
    ],
)
def test_a_path_that_is_nearly_right_names_the_right_one(
    asked: bytes, wanted: bytes | None
) -> None:
    """Most who ask a path that is none have a base URL that is almost the one."""
    assert meant(asked) == wanted


def test_no_path_is_taken_for_another() -> None:
    """What is there is never said to be meant otherwise."""
    assert [path for path in ALLOWED if meant(path)] == []


def test_a_refusal_says_what_to_ask_instead() -> None:
    """A person reads it in a client's exception."""
    assert nothing_at(b"/v1/v1/messages").next_action == "Ask /v1/messages."
    assert "not kept here" in nothing_at(b"/v1/responses/resp_1").next_action
    assert "chat/completions" in nothing_at(b"/v1/files").next_action
    assert nothing_at(b"/v1/\xff").message == "There is nothing at /v1/\ufffd"


def test_a_path_that_is_nearly_anthropics_is_answered_in_its_words() -> None:
    """Whoever asks it is a client of theirs."""
    assert dialect_of(b"/v1/v1/messages") == "anthropic"
    assert dialect_of(b"/v1/messages/batches") == "anthropic"
    assert dialect_of(b"/v1/files") == "openai"
