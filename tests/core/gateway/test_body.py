"""What is read of a request, and what is changed in it."""

import gzip
import json
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.gateway.body import USUAL, Filter, peek_form, peek_json
from core.gateway.errors import Compressed
from core.steering import LAID_OVER, steers

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def form(*parts: tuple[str, bytes], boundary: str = "XX") -> bytes:
    """A multipart body; a name that ends in "@" is a file."""
    lines = []
    for name, content in parts:
        more = f'; filename="{name}.wav"' if name.endswith("@") else ""
        head = f'--{boundary}\r\ncontent-disposition: form-data; name="{name.strip("@")}"{more}'
        lines.append(head.encode() + b"\r\n\r\n" + content + b"\r\n")
    return b"".join(lines) + f"--{boundary}--\r\n".encode()


def test_model_and_stream_are_read_wherever_they_stand() -> None:
    """Order does not matter, the last of two counts."""
    body = peek_json(b'{"messages": [{"model": "inner"}], "stream": true, "model": "outer"}')
    assert (body.model, body.stream) == ("outer", True)


def test_a_body_that_names_the_model_rightly_is_not_touched() -> None:
    """Not a byte of it."""
    data = b'{ "model" :"m",\n "x": 1e400, "y": 123456789012345678901234567890 }'
    assert peek_json(data).naming("m") is data


def test_only_the_model_changes_when_it_is_renamed() -> None:
    """Big numbers, odd escapes and unknown fields stay as they were written (C62)."""
    data = rb'{"n":123456789012345678901234567890,"model":"alias","t":"\u00e9\/","f":1.0e2}'
    assert peek_json(data).naming("real") == data.replace(b'"alias"', b'"real"')


@given(st.dictionaries(st.text().filter(lambda k: not k.startswith("_")), json_values), st.text())
def test_renaming_keeps_every_other_field(fields: dict[str, object], name: str) -> None:
    """For any body there is."""
    body = {f"x{key}": value for key, value in fields.items()} | {"model": "alias"}
    sent = json.loads(peek_json(json.dumps(body).encode()).naming(name or "n"))
    assert sent == body | {"model": name or "n"}


def test_a_filter_strips_and_sets_and_leaves_the_rest_alone() -> None:
    """What is set wins over what was sent; big numbers and odd escapes stay as written (C62)."""
    data = rb'{"model":"m","temperature":0.1,"top_k":5,"n":123456789012345678901234567890}'
    through = Filter.of(["temperature", "absent"], {"top_k": 20, "stop": ["\u00e9"]})
    sent = peek_json(data).sent("real", through)
    assert b"123456789012345678901234567890" in sent
    assert json.loads(sent) == {
        "model": "real", "top_k": 20, "n": 123456789012345678901234567890, "stop": ["\u00e9"],
    }  # fmt: skip


def test_without_a_filter_the_body_is_not_even_copied() -> None:
    """It costs the hot path nothing."""
    data = b'{"model":"m","x":1}'
    assert Filter.of([], {}) is None
    assert peek_json(data).sent("m", None) is data


def test_a_form_passes_its_filter_unchanged() -> None:
    """Only its model is renamed."""
    data = form(("model", b"alias"), ("temperature", b"0"))
    body = peek_form(data, "multipart/form-data; boundary=XX")
    through = Filter.of(["temperature"], {})
    assert body.sent("m", through) == form(("model", b"m"), ("temperature", b"0"))


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"", None),
        (b"[1]", None),
        (b'{"model": "a"', None),
        (b"{}", "model"),
        (b'{"model": ""}', "model"),
        (b'{"model": 5}', "model"),
        (b'{"model": "a", "messages": ' + b"[" * 100_000, None),
    ],
)
def test_a_body_without_a_model_is_refused_with_a_sentence(data: bytes, field: str | None) -> None:
    """Malformed is 400, not 500."""
    with pytest.raises(Invalid) as refusal:
        peek_json(data)
    assert refusal.value.field == field


def test_what_most_bodies_have_steers_nobody() -> None:
    """It passes without another look."""
    assert [name for name in USUAL if steers(name)] == []
    assert LAID_OVER not in USUAL


@pytest.mark.parametrize(
    "field",
    [
        "api_base",
        "mock_response",
        "fallbacks",
        "litellm_metadata",
        "no-log",
        "router_settings_override",
        "extra_query",
        "ssl_verify",
        "provider_specific_header",
        "anthropic_identity_token_file",
        "_agentic_loop_depth",
    ],
)
def test_nobody_steers_the_gateway_through_the_body(field: str) -> None:
    """LiteLLM takes orders from fields that no engine knows; they are refused by name."""
    with pytest.raises(Invalid) as refusal:
        peek_json(json.dumps({"model": "a", field: "x"}).encode())
    assert refusal.value.field == field


@pytest.mark.parametrize("name", ["model", "api_base", "extra_body", "mock_response"])
def test_nobody_steers_the_gateway_by_what_is_laid_over_a_body(name: str) -> None:
    """LiteLLM lays `extra_body` over what it sends: a key could ask what it may not, and for less.

    What engines know may stand there.
    """
    fine = {"model": "a", "extra_body": {"top_k": 5, "chat_template_kwargs": {"model": "x"}}}
    assert peek_json(json.dumps(fine).encode()).model == "a"
    assert peek_json(b'{"model": "a", "extra_body": null}').model == "a"
    with pytest.raises(Invalid) as refusal:
        peek_json(json.dumps({"model": "a", "extra_body": {"top_k": 5, name: "b"}}).encode())
    assert refusal.value.field == f"extra_body.{name}"
    for odd in ("x", ["model"], 1):
        with pytest.raises(Invalid, match="should be an object"):
            peek_json(json.dumps({"model": "a", "extra_body": odd}).encode())


def test_nothing_is_laid_over_a_form() -> None:
    """Nobody knows how its text would be read."""
    data = form(("model", b"a"), ("extra_body", b'{"model": "b"}'))
    with pytest.raises(Invalid) as refusal:
        peek_form(data, "multipart/form-data; boundary=XX")
    assert refusal.value.field == "extra_body"


def test_no_model_has_a_name_without_end() -> None:
    """Each request is written down with it, for ever, also one for a model that is not there."""
    assert peek_json(b'{"model": "%b"}' % (b"m" * 200)).model == "m" * 200
    for size in (201, 10_000_000):
        with pytest.raises(Invalid, match="none has more than 200") as refused:
            peek_json(b'{"model": "%b"}' % (b"m" * size))
        assert refused.value.field == "model"
    with pytest.raises(Invalid, match="none has more than 200"):
        peek_form(form(("model", b"m" * 201)), "multipart/form-data; boundary=XX")


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_a_compressed_body_is_refused_by_that_name(compress: Callable[[bytes], bytes]) -> None:
    """Not as JSON that is malformed at its first byte."""
    data = compress(b'{"model": "m"}')
    for peek in (peek_json, lambda data: peek_form(data, "multipart/form-data; boundary=XX")):
        with pytest.raises(Compressed, match="compressed") as refused:
            peek(data)
        assert refused.value.status == 415
        assert "content-encoding" in refused.value.next_action


def test_a_form_is_routed_by_its_model_field_and_the_file_stays_intact() -> None:
    """Also when the file comes first and contains what looks like a boundary (C61)."""
    file = bytes(range(256)) * 50 + b"--XX but not at the start of a line"
    data = form(("file@", file), ("model", b"alias"), ("language", b"de"))
    body = peek_form(data, 'multipart/form-data; boundary="XX"')
    assert body.model == "alias"
    assert body.naming("a-longer-name") == form(
        ("file@", file), ("model", b"a-longer-name"), ("language", b"de")
    )


@pytest.mark.parametrize("given", [b"1", b"0", b'"yes"', b"[]", b'"' + b"x" * 10_000 + b'"'])
def test_what_only_engines_take_for_a_wish_to_stream_is_refused(given: bytes) -> None:
    """LiteLLM fails at the answer, which is a stream for the engine alone."""
    with pytest.raises(Invalid, match="true or false") as refused:
        peek_json(b'{"model":"m","stream":' + given + b"}")
    assert refused.value.field == "stream"
    assert len(refused.value.message) < 100


@pytest.mark.parametrize("given", [b"false", b"null", b" true"])
def test_every_way_to_say_whether_to_stream_is_taken(given: bytes) -> None:
    """With blanks before it, and not at all."""
    assert peek_json(b'{"model":"m","stream":' + given + b"}").stream is (given == b" true")


def test_a_streamed_transcription_is_known_as_a_stream() -> None:
    """Forms say so in a field."""
    data = form(("model", b"a"), ("stream", b"true"))
    assert peek_form(data, "multipart/form-data; boundary=XX").stream is True


FORM = "multipart/form-data; boundary=XX"


def named(disposition: str, value: str = "b") -> bytes:
    """A part whose head says exactly this, after one that names the model "a"."""
    first = form(("model", b"a")).removesuffix(b"--XX--\r\n")
    return first + f"--XX\r\n{disposition}\r\n\r\n{value}\r\n--XX--\r\n".encode()


@pytest.mark.parametrize(
    "disposition",
    [
        'content-disposition: form-data; name="model"',
        'x: ; name="x"\r\ncontent-disposition: form-data; name="model"',
        'content-disposition: form-data; x="; name=x"; name="model"',
        'content-disposition: form-data; name="x"; name="model"',
        'content-disposition: form-data; name="x"\n; name="model"',
        "content-disposition: form-data; name=\"x\"; name*=UTF-8''model",
        'content-disposition: form-data; name="x"\r\ncontent-disposition: form-data; name="model"',
        'content-disposition: form-data; name="x"; name="api_base"',
        'x: ; name="x"\r\ncontent-disposition: form-data; name="api_base"',
    ],
)
def test_a_form_shows_nobody_another_model_than_us(disposition: str) -> None:
    """What LiteLLM may read as a second model, or as an order, never gets there."""
    with pytest.raises(Invalid):
        peek_form(named(disposition), FORM)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data; boundary=YY; boundary=XX",
        "multipart/form-data; xboundary=XX",
        "multipart/form-data; boundary=XX; boundary*=YY",
        "multipart/form-data; boundary=XX; charset=utf-7",
        "application/x-www-form-urlencoded; boundary=XX",
        "multipart/form-data; boundary=XX; multipart/form-data; boundary=YY",
    ],
)
def test_a_form_that_could_be_read_in_two_ways_is_refused(content_type: str) -> None:
    """The model that is asked for is the model that permission was asked for."""
    with pytest.raises(Invalid):
        peek_form(form(("model", b"a")), content_type)


def test_what_only_looks_like_a_boundary_is_content() -> None:
    """A part within a file is none."""
    inner = b'x\r\n--XXY\r\ncontent-disposition: form-data; name="model"\r\n\r\na\r\n--XXY'
    body = peek_form(form(("model", b"b"), ("file@", inner)), FORM)
    assert body.model == "b"


@pytest.mark.parametrize(
    "filename", ["a; name=b.wav", "a\\\\b.wav", "l\u00e4rm.wav", 'say \\"hi\\".wav', "it's, so.wav"]
)
def test_files_may_be_called_anything(filename: str) -> None:
    """In quotes, as clients write them."""
    head = f'content-disposition: form-data; name="file"; filename="{filename}"'
    assert peek_form(named(head), FORM).model == "a"
    beside = head + "; filename*=utf-8''l%C3%A4rm.wav\r\ncontent-type: audio/wav"
    assert peek_form(named(beside), FORM).model == "a"


@pytest.mark.parametrize("cut", [10, 40, 60, 63])
def test_a_torn_form_is_refused(cut: int) -> None:
    """Half a form names no model."""
    data = form(("model", b"alias"))
    with pytest.raises(Invalid):
        peek_form(data[:cut], "multipart/form-data; boundary=XX")


def test_a_form_without_a_boundary_is_refused() -> None:
    """A content type that promises a form has to say how to read it."""
    with pytest.raises(Invalid, match="boundary"):
        peek_form(b"x", "multipart/form-data")


@given(st.binary(max_size=200))
def test_no_bytes_at_all_bring_a_form_down(data: bytes) -> None:
    """Any body is either read or refused."""
    try:
        peek_form(data, "multipart/form-data; boundary=XX")
    except Invalid:
        return


def test_a_body_without_what_is_to_be_answered_is_refused() -> None:
    """Before a model is loaded for it, or another evicted."""
    body = peek_json(b'{"model": "a"}')
    with pytest.raises(Invalid, match="Missing required parameter: 'messages'") as refusal:
        body.demand("messages")
    assert refusal.value.field == "messages"
    body.demand("")
    peek_json(b'{"model": "a", "messages": []}').demand("messages")


# ---- token counts that the client does not ask for ----------------------------------------------

CHAT_PATH, TEXT_PATH = b"/v1/chat/completions", b"/v1/completions"


@pytest.mark.parametrize(
    ("more", "may"),
    [
        (b"", True),
        (b',"stream_options":null', True),
        (b',"stream_options":{"include_usage":false}', True),
        (b',"stream_options":{"include_usage":true}', False),
        (b',"stream_options":{"include_usage":false,"continuous_usage_stats":true}', False),
        (b',"stream_options":7', False),
        (b',"n":1', True),
        (b',"n":2', False),
        (b',"prompt":"hi"', True),
        (b',"prompt":[1,2]', True),
        (b',"prompt":["a", "b"]', False),
    ],
)
def test_counts_are_asked_for_where_nobody_would_notice(more: bytes, may: bool) -> None:
    """Not where the client asks itself, and not where the stream would differ by more."""
    body = peek_json(b'{"model":"m","stream":true' + more + b"}")
    assert body.may_ask_usage(TEXT_PATH) is may


def test_counts_are_asked_for_in_streams_of_two_paths_alone() -> None:
    """Other answers tell them by themselves, and filters know what they do."""
    stream = peek_json(b'{"model":"m","stream":true}')
    assert stream.may_ask_usage(CHAT_PATH)
    assert not stream.may_ask_usage(b"/v1/messages")
    assert not peek_json(b'{"model":"m"}').may_ask_usage(CHAT_PATH)
    assert stream.may_ask_usage(CHAT_PATH, Filter.of([], {"top_k": 1}))
    assert not stream.may_ask_usage(CHAT_PATH, Filter.of(["stream_options"], {}))
    assert not stream.may_ask_usage(CHAT_PATH, Filter.of([], {"stream_options": {}}))


def test_a_body_that_asks_for_counts_is_otherwise_the_same() -> None:
    """Byte for byte before the wish, whatever the client's own stream options say."""
    body = peek_json(b' {"model": "m", "x": 1.0e1, "stream": true }\n')
    wish = b',"stream_options":{"include_usage":true}}'
    assert body.sent("m", None, ask_usage=True) == (
        b' {"model": "m", "x": 1.0e1, "stream": true ' + wish
    )
    own = peek_json(b'{"model":"m","stream":true,"stream_options":{"a":1,"include_usage":false}}')
    asking = {"model": "m", "stream": True, "stream_options": {"a": 1, "include_usage": True}}
    assert json.loads(own.sent("m", None, ask_usage=True)) == asking
    assert json.loads(own.sent("n", None, ask_usage=True)) == {**asking, "model": "n"}
    put = Filter.of(["a"], {"top_k": 4})
    assert json.loads(own.sent("m", put, ask_usage=True)) == {**asking, "top_k": 4}
