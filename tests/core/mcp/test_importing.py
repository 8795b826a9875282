"""mcp.json of other programs, and secrets that people wrote where they do not belong."""

import json

import pytest

from core.errors import Invalid
from core.mcp.hiding import Taken, args_without, url_without
from core.mcp.importing import servers_in


def test_both_forms_are_read() -> None:
    """Claude Desktop and LM Studio, and VS Code; the bare table too."""
    entry = {"command": "npx", "args": ["-y", 7], "env": {"N": 5, "B": True}}
    far = {"url": "https://host/mcp", "headers": {"Authorization": "Bearer x"}, "disabled": True}
    for text in (
        {"mcpServers": {"a": entry, "b": far}},
        {"servers": {"a": entry, "b": far}, "inputs": []},
        {"a": entry, "b": far},
    ):
        one, two = servers_in(json.dumps(text))
        assert (one.command, one.args, one.env) == ("npx", ("-y", "7"), {"N": "5", "B": "true"})
        assert (two.url, two.headers, two.enabled) == (far["url"], far["headers"], False)


def test_what_can_not_be_taken_says_why_and_the_rest_is_taken() -> None:
    """One server's mistake is not another's."""
    text = {
        "old": {"type": "sse", "url": "https://host/sse"},
        "both": {"command": "x", "url": "https://host"},
        "odd": {"command": "x", "args": "not a list"},
        "deep": {"command": "x", "env": {"A": {"b": 1}}},
        "My Server/1": {"command": "x"},
    }
    found = {one.name: one.refusal for one in servers_in(json.dumps(text))}
    assert "old SSE" in found["old"]
    assert "one of them alone" in found["both"]
    assert found["odd"] == "args should be a list of texts"
    assert found["deep"] == "command, args, env and headers should hold texts"
    assert found["My-Server-1"] == ""


@pytest.mark.parametrize(
    ("text", "line"), [("{", 1), ('{\n "mcpServers": {\n  "a": {,}\n }}', 3), ("[]", None)]
)
def test_what_is_no_such_file_is_refused_with_its_line(text: str, line: int | None) -> None:
    """So that it can be found."""
    with pytest.raises(Invalid) as refused:
        servers_in(text)
    assert getattr(refused.value, "line", None) == line


@pytest.mark.parametrize("text", ["{}", '{"mcpServers": {}}', '{"a": 1}', "null", "3"])
def test_a_file_without_servers_says_what_is_looked_for(text: str) -> None:
    """Not an empty success."""
    with pytest.raises(Invalid, match="mcpServers"):
        servers_in(text)


def test_a_bottomless_file_is_refused() -> None:
    """Neither a crash nor a wait."""
    with pytest.raises(Invalid):
        servers_in("[" * 100_000)


def test_what_a_manual_says_to_replace_is_noticed() -> None:
    """It would be kept as a secret and never work."""
    text = {"a": {"command": "x", "env": {"K": "<your key>", "T": "YOUR_TOKEN", "OK": "fine"}}}
    assert servers_in(json.dumps(text))[0].unfilled == ("K", "T")


def test_secrets_in_arguments_become_places() -> None:
    """In the forms in which manuals show them."""
    taken = Taken({"TOKEN"})
    args = (
        "--api-key",
        "sk-1234567",
        "--token=abcdefgh",
        "--header",
        "Authorization: Bearer zyxwvuts",
        "https://host/mcp?key=qwertzui",
        "--verbose",
        "/home/me",
    )
    shown = args_without(args, taken)
    assert shown == (
        "--api-key",
        "${API_KEY}",
        "--token=${TOKEN_2}",
        "--header",
        "Authorization: Bearer ${AUTHORIZATION}",
        "https://host/mcp?key=${key}",
        "--verbose",
        "/home/me",
    )
    assert taken.values == {
        "API_KEY": "sk-1234567",
        "TOKEN_2": "abcdefgh",
        "AUTHORIZATION": "zyxwvuts",
        "key": "qwertzui",
    }
    again = Taken(set(taken.values))
    assert args_without(shown, again) == shown
    assert again.values == {}


def test_secrets_in_an_address_become_places() -> None:
    """What is no secret stays."""
    taken = Taken(set())
    assert url_without("https://h/mcp?apiKey=abcdefgh&lang=de", taken) == (
        "https://h/mcp?apiKey=${apiKey}&lang=de"
    )
    assert taken.values == {"apiKey": "abcdefgh"}
