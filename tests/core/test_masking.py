"""No spelling of a secret survives masking, whatever letters it is made of."""

import base64
import html
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.api.engines import log_frame
from core.engines.logs import LONGEST_LINE, Reader, tail
from core.errors import Invalid
from core.live_settings import LiveSettings
from core.masking import HIDDEN, SHORTEST, Masking
from core.recipes.recipe import Recipe
from core.recipes.secrets_in_env import REFERENCE, looks_secret, split_secrets
from core.secrets import Secrets
from core.setting_changes import ChangeSettings, changes_as_facts
from core.settings import Settings

ODD = st.text(
    st.characters(exclude_categories=["Cs"])
    | st.sampled_from(list("\"'\\/%+&=?#<> \t\n\r\x00\x1b\x7féß密😀\u2028")),
    min_size=10,
    max_size=40,
).filter(lambda value: len(value.strip()) >= SHORTEST)
KEYS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=16, max_size=60)

SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda value: value,
    "JSON": json.dumps,
    "JSON with letters of any script": lambda value: json.dumps(value, ensure_ascii=False),
    "JSON of msgspec": lambda value: msgspec.json.encode(value).decode(),
    "JSON in JSON": lambda value: json.dumps(json.dumps({"key": value})),
    "Python": repr,
    "a traceback in ASCII": ascii,
    "bytes of Python": lambda value: repr(value.encode()),
    "HTML": html.escape,
    "a shell": shlex.quote,
    "an address": lambda value: quote(value, safe=""),
    "a path": quote,
    "a form": quote_plus,
    "an address in small letters": lambda value: (
        quote(value, safe="").lower() if value.islower() else quote(value, safe="")
    ),
    "an address in an address": lambda value: quote(quote(value, safe=""), safe=""),
    "hex": lambda value: value.encode().hex(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(value=ODD, before=st.text(max_size=5), after=st.text(max_size=5))
@settings(max_examples=150, deadline=None)
@example(value='it\'s "so"/\\ 100%+é', before="", after="")
@example(value="a\nsecret of two lines\n", before="", after="")
def test_it_is_masked_in_every_spelling(spelling: str, value: str, before: str, after: str) -> None:
    """With anything around it."""
    told = SPELLINGS[spelling](value)
    masked = Masking([value]).mask(f"{before}{told}{after}")
    assert HIDDEN in masked
    core = told[1:-1] if spelling.startswith(("JSON", "Python", "a traceback")) else told
    if spelling == "bytes of Python":
        core = told[2:-1]
    if spelling == "JSON in JSON":
        core = json.dumps(json.dumps(value))[3:-3]
    assert core not in masked


@given(value=KEYS, before=st.binary(max_size=7), after=st.binary(max_size=7))
@settings(max_examples=300, deadline=None)
def test_base64_gives_nothing_away_but_its_edges(value: str, before: bytes, after: bytes) -> None:
    """As in `Authorization: Basic …`: whatever stands beside it in the same base64."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        told = encode(before + value.encode() + after).decode()
        masked = Masking([value]).mask(told)
        assert HIDDEN in masked
        left = masked.replace(HIDDEN, "")
        assert len(left) <= len(told) - 4 * len(value) // 3 + 6


@given(value=KEYS, cut=st.integers(1, 59))
@settings(max_examples=100, deadline=None)
def test_the_password_in_an_address_is_a_secret_by_itself(value: str, cut: int) -> None:
    """A driver's error repeats the password and not the address."""
    password = f"{value[:cut]}@/{value[cut:]}"
    masking = Masking([f"postgresql://user:{quote(password, safe='')}@host:5432/db"])
    assert password not in masking.mask(f"no entry with the password {password} for user")
    assert masking.mask("host user 5432") == "host user 5432"


def test_a_password_that_is_also_a_name_hides_no_names() -> None:
    """Nobody is helped when the word "postgres" is hidden everywhere."""
    masking = Masking(["postgresql://postgres:postgres@host/postgres"])
    assert masking.mask("postgres is away") == "postgres is away"
    assert masking.mask("postgresql://postgres:postgres@host/postgres") == HIDDEN


@pytest.mark.parametrize("value", ["http://user:hunter22@host/v1", ["http://a", "http://u:pw1@h"]])
def test_a_setting_with_a_password_in_its_address_does_not_reach_the_log(
    value: object, tmp_path: Path
) -> None:
    """Whatever the setting; from the environment it is taken, masked and never shown."""
    key = "inference_api_base" if isinstance(value, str) else "allowed_origins"
    live = LiveSettings(Settings(home=tmp_path), {})
    with pytest.raises(Invalid) as refused:
        changes_as_facts(ChangeSettings(changes={key: value}), live)
    assert refused.value.code == "secret-setting" or key == "allowed_origins"
    assert "hunter22" not in refused.value.message
    if isinstance(value, str):
        given = Settings(home=tmp_path, inference_api_base=value)
        assert given.shown()[key] == HIDDEN
        assert "hunter22" not in Masking(given.secret_values()).mask("wrong password hunter22")


def test_each_line_of_a_private_key_is_a_secret() -> None:
    """It is printed a line at a time, and read a line at a time."""
    body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nMIIEpAIBAAKCAQEA7d"
    key = f"-----BEGIN KEY-----\n{body}\n-----END KEY-----"
    masking = Masking([key])
    for line in key.splitlines():
        assert masking.mask(f"  {line}\r") == f"  {HIDDEN}\r"


def test_a_value_from_bytes_that_are_no_text_is_masked_too() -> None:
    """An environment may hold anything (PEP 383); nothing raises."""
    value = b"pass\xff\xfeword".decode("utf-8", "surrogateescape")
    assert Masking([value]).mask(f"x{value}x") == f"x{HIDDEN}x"
    assert "pass%FF%FEword" not in Masking([value]).mask("pass%FF%FEword")
    assert Masking(["lone \ud800 surrogate"]).mask("text") == "text"


def test_what_is_no_secret_stays_as_it_is() -> None:
    """Short values would hide half of any log."""
    text = "INFO 12345 loading weights took 2.13 seconds"
    assert Masking(["12345", "", "took!"]).mask(text) == text
    assert Masking([]).mask(text) == text


# Where text leaves: a line that is read in pieces


@given(
    value=KEYS,
    at=st.integers(LONGEST_LINE - 70, LONGEST_LINE + 10),
    pieces=st.lists(st.integers(1, 30), max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_no_part_of_a_secret_is_left_where_a_long_line_is_cut(
    value: str, at: int, pieces: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Lines are cut after masking, and a line that is written in pieces is masked whole."""
    path = tmp_path_factory.mktemp("log") / "engine.log"
    mask = Masking([value]).mask
    data = f"{'.' * at}{value}{'.' * 50}\nend\n".encode()
    reader = Reader(path, mask=mask)
    told: list[str] = []
    begun = 0
    with path.open("wb") as file:
        for piece in (at, *pieces, len(data)):
            file.write(data[begun : begun + piece])
            file.flush()
            begun += piece
            told += reader.new_lines()
    for lines in (told, tail(path, 10, mask=mask)):
        assert lines[-1] == "end"
        assert set("".join(lines[:-1])) <= set("." + HIDDEN)


@given(value=KEYS, behind=st.integers(0, 70))
@settings(max_examples=60, deadline=None)
def test_no_part_of_a_secret_is_left_where_a_tail_begins(
    value: str, behind: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Also when a block of the file begins in its middle, in one endless line."""
    path = tmp_path_factory.mktemp("log") / "engine.log"
    after = "." * (64 * 1024 - len(value) + behind - 1)
    path.write_text(f"{'.' * 5000}{value}{after}\n")
    for lines in (1, 2, 4):
        assert set("".join(tail(path, lines, mask=Masking([value]).mask))) <= set("." + HIDDEN)


# Where secrets come in: a recipe's environment


@given(value=ODD, name=st.sampled_from(["HF_TOKEN", "MY_PASSWORD", "AWS_SECRET", "OPENAI_API_KEY"]))
@settings(max_examples=60, deadline=None)
def test_a_secret_of_a_recipe_is_in_no_fact_and_in_no_frame(
    value: str, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The recipe that is recorded has a reference; what an engine prints of it is masked."""
    secrets = Secrets(tmp_path_factory.mktemp("home") / "secrets")
    assert looks_secret(name, value)
    if value.startswith(REFERENCE):
        return
    recipe = Recipe(id="a", engine="command", command=("x",), env={name: value})
    kept = split_secrets(recipe, secrets)
    assert kept.env[name].startswith(REFERENCE)
    printed = f"environment: { ({name: value})!r} {json.dumps({name: value})}"
    shown = log_frame(secrets.mask(printed)).decode()
    recorded = msgspec.json.encode(kept).decode()
    for text in (shown, recorded, secrets.mask(printed)):
        for form in (value, json.dumps(value)[1:-1], repr(value)[1:-1]):
            assert form not in text
