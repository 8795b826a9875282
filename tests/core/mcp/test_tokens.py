"""Keys are told from words, by nothing but how they are written."""

import base64
import random
import string
import uuid

import pytest

from core.mcp.tokens import is_drawn

DIGITS_AND_LETTERS = string.ascii_letters + string.digits
DRAWN = {
    "letters and digits": (DIGITS_AND_LETTERS, 24),
    "of an address": (DIGITS_AND_LETTERS + "-_", 43),
    "hexadecimal": ("0123456789abcdef", 32),
    "a commit": ("0123456789abcdef", 40),
    "small letters and digits": (string.ascii_lowercase + string.digits, 32),
    "base32": (string.ascii_uppercase + "234567", 32),
    "letters": (string.ascii_letters, 32),
}


@pytest.mark.parametrize("kind", DRAWN)
def test_what_was_drawn_by_chance_is_found(kind: str) -> None:
    """In every alphabet in which keys are written."""
    signs, length = DRAWN[kind]
    chance = random.Random(kind)
    keys = ["".join(chance.choices(signs, k=length)) for _ in range(500)]
    assert [key for key in keys if not is_drawn(key)] == []


def test_numbers_that_nobody_else_has_are_found() -> None:
    """As they are, in capitals, without their lines, and inside something else."""
    for _ in range(50):
        one = str(uuid.uuid4())
        packed = base64.urlsafe_b64encode(one.encode()).decode().rstrip("=")
        for spelt in (one, one.upper(), one.replace("-", ""), f"key-{one}", f"a%3A{one}", packed):
            assert is_drawn(spelt), spelt


@pytest.mark.parametrize(
    "key",
    [
        "fc-0123456789abcdef0123456789abcdef",
        "bot123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc",
        "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789",
        "V1StGXR8_Z5jdHi6B-myT",
        "5bpXYZxyz123456%3A0123456789abcdef",
    ],
)
def test_keys_as_services_write_them_are_found(key: str) -> None:
    """With the sign of who made them, and percent-encoded."""
    assert is_drawn(key)


@pytest.mark.parametrize(
    "word",
    [
        "", "mcp", "sse", "v1", "v2beta1", "api", "streamable-http", "2025-06-18", "oauth2callback",
        "k8s-tools", "my-mcp-server-for-k8s-and-gpt4-v2", "modelcontextprotocol", "get_user_by_id",
        "getUserSettingsById", "GitHub", "pull_requests", "x86_64-linux-gnu", "e2e-p2p",
        "server.json", "@modelcontextprotocol", "server-sequential-thinking", "1234567890123456789",
        "Qwen3-30B-A3B-Instruct", "eu-central-1", "internationalization",
        "donaudampfschifffahrt", "search%20in%20files", "well-known", "gpt-4o-mini",
    ],
)  # fmt: skip
def test_what_somebody_chose_stays(word: str) -> None:
    """Words, versions, names, dates, numbers of accounts: they are worth being read."""
    assert not is_drawn(word)
