"""Which headers go on to LiteLLM or an engine, and which come back."""

import pytest

from core.errors import Invalid
from core.gateway.headers import (
    back_from_engine,
    may_load,
    on_to_engine,
    on_to_gateway,
    wished_ttl,
)
from core.gateway.routes import Direct
from tests.core.gateway.test_routes import route


def test_a_body_that_was_read_as_json_is_called_json() -> None:
    """`curl -d` says form; LiteLLM would look for form fields and find none."""
    form = [(b"content-type", b"application/x-www-form-urlencoded")]
    sent = on_to_gateway(form, route("a"), "r", is_json=True)
    assert [value for name, value in sent if name == b"content-type"] == [b"application/json"]
    kept = on_to_gateway([(b"content-type", b"multipart/form-data")], route("a"), "r")
    assert (b"content-type", b"multipart/form-data") in kept


def test_a_clients_key_stays_here() -> None:
    """Neither LiteLLM nor the engine sees it."""
    given = [(b"authorization", b"Bearer mine"), (b"x-api-key", b"mine"), (b"cookie", b"c")]
    assert b"mine" not in b"".join(value for _, value in on_to_gateway(given, route("a"), "r"))


def test_a_request_may_say_how_long_its_model_stays() -> None:
    """Seconds after its end; 0 for ever; nothing said, nothing changed."""
    assert wished_ttl({b"x-studio-ttl": b" 600 "}) == 600
    assert wished_ttl({b"x-studio-ttl": b"0"}) == 0
    assert wished_ttl({b"accept": b"*/*"}) is None


@pytest.mark.parametrize("text", [b"soon", b"-1", b"1.5", b"", b"9999999999"])
def test_a_wish_that_is_no_number_of_seconds_is_refused(text: bytes) -> None:
    """With the name of the header and an example."""
    with pytest.raises(Invalid, match="x-studio-ttl") as refusal:
        wished_ttl({b"x-studio-ttl": text})
    assert "600" in refusal.value.next_action


def test_a_request_may_say_that_nothing_is_loaded_for_it() -> None:
    """What is neither word is refused, with the header's name."""
    assert may_load({})
    assert may_load({b"x-studio-load": b"if-needed"})
    assert not may_load({b"x-studio-load": b" Never "})
    with pytest.raises(Invalid, match="x-studio-load should be never") as refusal:
        may_load({b"x-studio-load": b"perhaps"})
    assert refusal.value.field == "x-studio-load"


DIRECT = Direct(host="127.0.0.1", port=1, model="m", headers=((b"authorization", b"Bearer e"),))


def test_an_engine_gets_its_own_key_and_answers_uncompressed() -> None:
    """Never the client's key, and nothing by which its answer could not be counted."""
    asked = [
        (b"authorization", b"Bearer client"),
        (b"accept-encoding", b"gzip"),
        (b"content-type", b"text/plain"),
        (b"cookie", b"a=b"),
    ]
    told = on_to_engine(asked, DIRECT, "id", is_json=True)
    assert told == [
        (b"content-type", b"application/json"),
        (b"x-request-id", b"id"),
        (b"authorization", b"Bearer e"),
    ]


def test_an_engines_headers_come_back_in_their_order() -> None:
    """All but what belongs to one connection; a stream is sent without a length."""
    answered = [
        (b"x-b", b"1"),
        (b"connection", b"keep-alive"),
        (b"x-ratelimit-limit", b"9"),
        (b"content-length", b"9"),
        (b"access-control-allow-origin", b"*"),
        (b"x-b", b"2"),
    ]
    kept = [answered[0], answered[2], answered[3], answered[5]]
    assert back_from_engine(answered) == kept
    events = [*answered, (b"content-type", b"text/event-stream")]
    assert (b"content-length", b"9") not in back_from_engine(events)
