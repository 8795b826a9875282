"""No key stands in a recipe outside of `env`, and nothing innocent is taken for one."""

from typing import Any

import pytest

from core.errors import Invalid
from core.masking import holds_secret
from core.recipes.secrets_in_env import looks_secret
from core.recipes.validation import parse_recipe

HUB = "hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567"
OPENAI = "sk-proj-A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6"
ADDRESS = "redis://user:hunter22@cache.example:6379/0"


@pytest.mark.parametrize(
    "secret", [HUB, OPENAI, ADDRESS, "ghp_0123456789abcdefghijABCDEFGHIJ012345"]
)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("command", ["server", "--token", "{}"]),
        ("command", ["server", "--token={}"]),
        ("extra_args", ["--key", "{}"]),
        ("notes", "use {} for it"),
        ("set_params", {"metadata": {"deep": ["{}"]}}),
        ("presets", {"{}": {}}),
    ],
)
def test_a_secret_in_clear_is_refused_and_not_repeated(secret: str, field: str, value: Any) -> None:
    """The log keeps every recipe; the answer says where to put it."""
    base: dict[str, Any] = {"id": "a", "engine": "command", "command": ["server"]}
    with pytest.raises(Invalid) as refused:
        parse_recipe(base | {field: _filled(value, secret)})
    assert secret not in refused.value.message or field == "presets"
    if field != "presets":
        assert "under env" in refused.value.message
        assert (refused.value.field or "").startswith(field)


def _filled(value: Any, secret: str) -> Any:
    match value:
        case str():
            return value.replace("{}", secret)
        case dict():
            return {_filled(name, secret): _filled(inner, secret) for name, inner in value.items()}
        case list():
            return [_filled(inner, secret) for inner in value]
    return value


@pytest.mark.parametrize(
    "text",
    [
        "docker://vllm:latest@sha256:0a1b2c",
        "http://host:8000?mail=a@b",
        "https://host:80,someone@else",
        "/models/hf_transformers_checkpoint_of_a_long_name",
        "Qwen/Qwen3-8B-Instruct-2507-FP8-dynamic-per-channel",
        "sk-small-model-with-a-very-long-name-in-words",
        "http://127.0.0.1:8000/v1",
        "http://host/a@b:c",
        "http://{user}:{password}@host",
        "--chat-template=/models/hf_x",
        "a note about sk-... keys and hf_ tokens",
    ],
)
def test_what_is_innocent_stays(text: str) -> None:
    """Names of models and places."""
    assert not holds_secret(text)
    parse_recipe({"id": "a", "engine": "command", "command": ["server", text]})


@pytest.mark.parametrize(
    "piece", ["x", "x-", "://", "a://", "://a:", "sk-", "hf_", "a:b@", "-", ":"]
)
def test_a_long_text_is_judged_as_fast_as_a_short_one(piece: str) -> None:
    """Without going over it again and again: that would take hours."""
    assert not holds_secret(piece * 300_000)


def test_in_env_it_may_stand_and_is_taken_out() -> None:
    """Also inside a longer value, whatever the variable is called."""
    recipe = parse_recipe(
        {"id": "a", "engine": "command", "command": ["x"], "env": {"ARGS": f"--token {HUB}"}}
    )
    assert looks_secret("ARGS", recipe.env["ARGS"])
