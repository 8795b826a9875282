"""mcp.json of other programs, and secrets that people wrote where they do not belong."""

import json

import pytest

from core.errors import Invalid
from core.mcp.hiding import Taken, args_without, url_without
from core.mcp.importing import servers_in
from core.mcp.server import filled


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


@pytest.mark.parametrize(
    ("url", "shown", "kept"),
    [
        (
            "https://mcp.zapier.com/api/mcp/s/NzYhNGQ4Zi1iMGY0LTQ1/mcp",
            "https://mcp.zapier.com/api/mcp/s/${URL_KEY}/mcp",
            {"URL_KEY": "NzYhNGQ4Zi1iMGY0LTQ1"},
        ),
        (
            "https://mcp.pipedream.net/9f0c1d5e-8d0a-4a57-9f0e-2d5c0b1a7e33/gmail",
            "https://mcp.pipedream.net/${URL_KEY}/gmail",
            {"URL_KEY": "9f0c1d5e-8d0a-4a57-9f0e-2d5c0b1a7e33"},
        ),
        (
            "https://h/a/V1StGXR8_Z5jdHi6B-myT/V1StGXR8_Z5jdHi6B-mzT?id=V1StGXR8_Z5jdHi6B-myT",
            "https://h/a/${URL_KEY}/${URL_KEY_2}?id=${URL_KEY}",
            {"URL_KEY": "V1StGXR8_Z5jdHi6B-myT", "URL_KEY_2": "V1StGXR8_Z5jdHi6B-mzT"},
        ),
        ("https://h/key/abc12345/mcp", "https://h/key/${URL_KEY}/mcp", {"URL_KEY": "abc12345"}),
        ("https://h/token=abcdef/mcp", "https://h/token=${token}/mcp", {"token": "abcdef"}),
        ("https://h/mcp?token=ab%2Fcd", "https://h/mcp?token=${token}", {"token": "ab%2Fcd"}),
        ("https://h/v1/streamable-http/key/mcp/", "https://h/v1/streamable-http/key/mcp/", {}),
        ("https://h/mcp/${URL_KEY}/x?y=${z}#a", "https://h/mcp/${URL_KEY}/x?y=${z}#a", {}),
    ],
)  # fmt: skip
def test_keys_in_a_path_become_places(url: str, shown: str, kept: dict[str, str]) -> None:
    """As services give them out; put back, it is the same address."""
    taken = Taken(set())
    assert url_without(url, taken) == shown
    assert taken.values == kept
    assert filled(shown, kept) == url


@pytest.mark.parametrize(
    ("arg", "shown"),
    [
        ("postgresql://me:s3cr3t-word@localhost/db", "postgresql://me:${PASSWORD}@localhost/db"),
        ("--url=https://h/s/V1StGXR8_Z5jdHi6B-myT/mcp", "--url=https://h/s/${URL_KEY}/mcp"),
        ("--cdp=wss://h/v1?token=abcdefgh", "--cdp=wss://h/v1?token=${token}"),
        ("curl -s 'https://h/V1StGXR8_Z5jdHi6B-myT'", "curl -s 'https://h/${URL_KEY}'"),
        ("git+https://h/a@0123456789abcdef0123456789abcdef01234567", None),
        ("docker://image:latest@sha256:abcdef", None),
        ("git+ssh://git@github.com/me/tools", None),
        (
            "git+https://V1StGXR8_Z5jdHi6B-myT@github.com/me/tools@0123456",
            "git+https://${URL_KEY}@github.com/me/tools@0123456",
        ),
        (
            "git+https://V1StGXR8_Z5jdHi6B-myT:x-oauth-basic@h/me",
            "git+https://${URL_KEY}:${PASSWORD}@h/me",
        ),
        ("file:///home/me/notes", None),
    ],
)
def test_addresses_in_arguments_lose_their_keys(arg: str, shown: str | None) -> None:
    """Whatever stands around them; a version that is pinned stays to be seen."""
    taken = Taken(set())
    assert args_without((arg,), taken) == (shown or arg,)
    assert filled(shown or arg, taken.values) == arg


@pytest.mark.parametrize(
    ("arg", "shown"),
    [
        ("API_KEY=hunter2hunter2", "API_KEY=${API_KEY}"),
        ("--env=API_KEY=hunter2hunter2", "--env=API_KEY=${API_KEY}"),
        ("--token=YWJjZGVmZ2g==", "--token=${TOKEN}"),
        ("--header=X-Key: Bearer zyxwvuts", "--header=X-Key: Bearer ${X_KEY}"),
        ("type=bind,src=/home/me/keys,dst=/keys", None),
        ("API_KEY=x12345;reboot", None),
        ("=".join(["a"] * 4000), None),
    ],
)  # fmt: skip
def test_a_variable_in_an_argument_loses_its_value(arg: str, shown: str | None) -> None:
    """As it is handed on to a container; what a shell would carry out stays to be seen."""
    taken = Taken(set())
    assert args_without((arg,), taken) == (shown or arg,)
    assert filled(shown or arg, taken.values) == arg


@pytest.mark.parametrize(
    ("arg", "shown"),
    [
        ("API_KEY=abcdef12 server --port 8", "API_KEY=${API_KEY} server --port 8"),
        ("cd /x && KEY='ab cd ef' server", "cd /x && KEY='${KEY}' server"),
        ('export A_TOKEN="abcdef"; exec server', 'export A_TOKEN="${A_TOKEN}"; exec server'),
        ("server --api-key abcdef -v", "server --api-key ${API_KEY} -v"),
        ("server --api-key=abcdef -v", "server --api-key=${API_KEY} -v"),
        (
            "server -H 'Authorization: Bearer abcdef' https://h/mcp?token=ghijkl",
            "server -H 'Authorization: Bearer ${AUTHORIZATION}' https://h/mcp?token=${token}",
        ),
        ('{"apiKey":"abcdef","lang":"de-DE"}', '{"apiKey":"${APIKEY}","lang":"de-DE"}'),
        (
            '--config={"a": {"auth_token" : "ab\\"cdef"}, "n": [1]}',
            '--config={"a": {"auth_token" : "${AUTH_TOKEN}"}, "n": [1]}',
        ),
        ("server --key $KEY --token-file /run/x", "server --key $KEY --token-file ${TOKEN_FILE}"),
        ("KEY=$OTHER server", None),
        ('KEY="$(cat /run/key)" server', None),
        ("KEY=`cat key` server", None),
        ("KEY=${KEY} server", None),
        ('{"apiKey":"${APIKEY}"}', None),
        ("server --key --verbose", None),
        ("say 'no key: none'", None),
        ("a " * 4000, None),
        ('"a":"' * 1600, None),
        ("key=" * 2000 + " x", "key=${KEY} x"),
    ],
)  # fmt: skip
def test_keys_in_a_command_line_or_in_json_become_places(arg: str, shown: str | None) -> None:
    """As they stand in one argument; what a shell would work out stays, and all can be put back."""
    taken = Taken(set())
    got = args_without((arg,), taken)
    assert filled(got[0], taken.values) == arg
    assert got == (shown or arg,)
    assert args_without(got, Taken(set(taken.values))) == got


@pytest.mark.parametrize("who", ["me:s3cr3t-word", "V1StGXR8_Z5jdHi6B-myT"])
def test_who_asks_stands_in_no_address(who: str) -> None:
    """Such a server is refused, and what it would be is shown before that."""
    assert who.rpartition(":")[2] not in url_without(f"https://{who}@h/mcp", Taken(set()))
